#include "marty/reflect/internal/pattern.hpp"

#include <re2/re2.h>

#include <memory>
#include <string>

#include "marty/base/error.hpp"

namespace marty::reflect {

struct Pattern::Compiled {
  RE2 expression;
};

Pattern::Pattern(std::string_view expression) {
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled =
      std::unique_ptr<Compiled>(new Compiled{{re2::StringPiece(expression.data(), expression.size()), options}});
  if (!compiled->expression.ok()) {
    throw Error(Code::internal, "pattern \"" + std::string(expression) + "\": " + compiled->expression.error());
  }
  compiled_ = compiled.release();
}

Pattern::~Pattern() { delete compiled_; }

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

}  // namespace marty::reflect
