#include "sqlite/internal/statements.hpp"

#include "sqlite/internal/failure.hpp"

namespace marty::sqlite::internal {

Prepared* Statements::find(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return nullptr;
  prepared_.splice(prepared_.begin(), prepared_, found->second);
  return &prepared_.front();
}

Prepared& Statements::prepare(std::string_view text) {
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
  if (result != SQLITE_OK) throw failure(database_, sqlite3_extended_errcode(database_), text).error;
  if (prepared.handle == nullptr) throw Error(Code::invalid_argument, "sqlite: the statement is empty");
  const std::string_view behind = rest;
  if (behind.find_first_not_of(" \t\r\n;") != std::string_view::npos && !behind.starts_with("--") &&
      !behind.starts_with("/*")) {
    throw Error(Code::invalid_argument, "sqlite: more than one statement: " + prepared.text);
  }
  prepared_.splice(prepared_.begin(), fresh);
  by_text_.emplace(prepared.text, prepared_.begin());
  return prepared;
}

void Statements::clear() {
  by_text_.clear();
  prepared_.clear();
}

}  // namespace marty::sqlite::internal
