#include "sqlite/internal/statements.hpp"

#include "marty/data/sql.hpp"
#include "marty/data/statement_error.hpp"

namespace marty::sqlite::internal {
namespace {

// Whether nothing follows a statement but spaces, comments and semicolons.
bool ends(std::string_view rest) {
  using Kind = data::internal::SqlToken::Kind;
  while (!rest.empty()) {
    const data::internal::SqlToken token = data::internal::next_token(rest);
    if (token.kind != Kind::space && token.kind != Kind::comment && token.text != ";") return false;
    rest.remove_prefix(token.text.size());
  }
  return true;
}

}  // namespace

Prepared* Statements::find(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return nullptr;
  prepared_.splice(prepared_.begin(), prepared_, found->second);
  return &prepared_.front();
}

std::expected<Prepared*, int> Statements::prepare(std::string_view text) {
  if (prepared_.size() >= capacity_) {
    by_text_.erase(prepared_.back().text);
    prepared_.pop_back();
  }
  std::list<Prepared> fresh;
  Prepared& prepared = fresh.emplace_front();
  prepared.text = text;
  const char* rest = nullptr;
  const int result = sqlite3_prepare_v3(database_, prepared.text.c_str(), static_cast<int>(prepared.text.size()) + 1,
                                        SQLITE_PREPARE_PERSISTENT, &prepared.handle, &rest);
  if (result != SQLITE_OK) return std::unexpected(sqlite3_extended_errcode(database_));
  if (prepared.handle == nullptr) throw Error(Code::internal, "sqlite: the statement is empty");
  if (!ends(rest)) {
    throw data::statement_error(Code::internal, "sqlite: more than one statement", text);
  }
  prepared_.splice(prepared_.begin(), fresh);
  by_text_.emplace(prepared.text, prepared_.begin());
  return &prepared;
}

void Statements::clear() {
  by_text_.clear();
  prepared_.clear();
}

}  // namespace marty::sqlite::internal
