#include "marty/data/statement_error.hpp"

#include <utility>

namespace marty::data {

Error statement_error(Code code, std::string message, std::string_view statement) {
  constexpr std::size_t kMaxStatementSize = 500;
  if (statement.empty()) return Error(code, std::move(message));
  std::string text = "statement: " + std::string(statement.substr(0, kMaxStatementSize));
  if (statement.size() > kMaxStatementSize) text += "...";
  return Error(code, std::move(message), std::make_exception_ptr(Error(code, std::move(text))));
}

}  // namespace marty::data
