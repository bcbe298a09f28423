#include "marty/http/internal/target.hpp"

#include "marty/http/internal/characters.hpp"

namespace marty::http::internal {

bool is_path_and_query(std::string_view target) noexcept {
  if (all_in_class(target, kPlainPath)) return target.starts_with('/');
  const std::string_view path = target.substr(0, target.find('?'));
  return path.starts_with('/') && all_in_class(path, kPath) && has_valid_escapes(path) &&
         all_in_class(target.substr(path.size()), kQuery);
}

}  // namespace marty::http::internal
