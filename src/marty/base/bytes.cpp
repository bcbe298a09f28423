#include "marty/base/bytes.hpp"

#include "marty/base/encoding.hpp"

namespace marty {

void Text<Bytes>::append(std::string& out, const Bytes& bytes) { out += base64_encode(bytes.view()); }

bool Text<Bytes>::parse(std::string_view text, Bytes& bytes) {
  std::optional<std::string> content = base64_decode(text);
  if (!content) return false;
  bytes = Bytes(std::move(*content));
  return true;
}

}  // namespace marty
