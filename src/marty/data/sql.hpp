// Sql: the text of one SQL statement that can only come from a literal in the source. A string that is put together at
// run time does not compile, so a user's input can reach a statement as a bound value only.
//
//   db.query<Pet>("select * from pets where species = ? and age_months < ?", species, 12);
//   db.query<Pet>("select * from pets where species = '" + species + "'");      // does not compile
//   db.query<Pet>("select * from pets where species = ?");                      // does not compile: 1 value is missing
//
// Placeholders are `?` for every database; a driver writes them as its database wants them. A quotation mark that is
// not closed and a second statement do not compile either.
#pragma once

#include <cstddef>
#include <string_view>

namespace marty::data {

// A statement as a driver gets it. The views live as long as the call.
struct Statement {
  std::string_view text;       // with `?` where values are bound
  std::string_view operation;  // the first word in lower case as it stands: "select", "insert"; for metrics
  std::string_view table;      // the first table named, as far as that can be told; for metrics
  bool reads = false;          // cannot change anything: may run on a connection that only reads
};

namespace internal {

// Never defined: reaching one of these in a constant expression is the compiler's error message.
void sql_number_of_values_differs_from_number_of_placeholders();
void sql_quotation_or_comment_is_not_closed();
void sql_holds_more_than_one_statement();
void sql_is_empty();

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool same_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(word[i]) != lower_case[i]) return false;
  }
  return true;
}

// One step through SQL text: a word, a quoted text or name, a comment, white space or a single other character.
struct SqlToken {
  enum class Kind { word, quoted, comment, space, other } kind;
  std::string_view text;
  bool closed = true;
};

constexpr std::size_t end_of_quoted(std::string_view text, bool& closed) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != text[0]) continue;
    if (i + 1 < text.size() && text[i + 1] == text[0]) {
      ++i;
    } else {
      return i + 1;
    }
  }
  closed = false;
  return text.size();
}

constexpr std::size_t end_of_comment(std::string_view text, bool& closed) {
  if (text[0] == '-') {
    const auto end = text.find('\n');
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  const auto end = text.find("*/", 2);
  if (end != std::string_view::npos) return end + 2;
  closed = false;
  return text.size();
}

// The token at the start of `text`, which is not empty.
constexpr SqlToken next_token(std::string_view text) {
  using Kind = SqlToken::Kind;
  const char first = text[0];
  bool closed = true;
  std::size_t size = 1;
  if (first == '\'' || first == '"' || first == '`') {
    size = end_of_quoted(text, closed);
    return {Kind::quoted, text.substr(0, size), closed};
  }
  if (text.starts_with("--") || text.starts_with("/*")) {
    size = end_of_comment(text, closed);
    return {Kind::comment, text.substr(0, size), closed};
  }
  const bool space = is_space(first);
  if (!space && !is_word(first)) return {Kind::other, text.substr(0, 1), true};
  while (size < text.size() && (space ? is_space(text[size]) : is_word(text[size]))) ++size;
  return {space ? Kind::space : Kind::word, text.substr(0, size), true};
}

// What a scan of a statement finds out.
struct SqlFacts {
  Statement statement;
  std::size_t placeholders = 0;
  bool closed = true;
  bool single = true;
};

constexpr SqlFacts scan_sql(std::string_view text) {
  SqlFacts facts{.statement = {.text = text}};
  Statement& statement = facts.statement;
  bool table_is_next = false;
  bool ended = false;
  for (std::string_view rest = text; !rest.empty();) {
    const SqlToken token = next_token(rest);
    rest.remove_prefix(token.text.size());
    facts.closed = facts.closed && token.closed;
    if (token.kind == SqlToken::Kind::space || token.kind == SqlToken::Kind::comment) continue;
    // The body of `create trigger` has semicolons of its own; there it is the driver that refuses a second statement.
    if (ended && !same_word(statement.operation, "create")) facts.single = false;
    if (token.kind == SqlToken::Kind::other) {
      facts.placeholders += token.text == "?" ? 1 : 0;
      ended = ended || token.text == ";";
      table_is_next = false;
      continue;
    }
    if (table_is_next && statement.table.empty() && !same_word(token.text, "select")) {
      statement.table = token.kind == SqlToken::Kind::quoted && token.text.size() > 2
                            ? token.text.substr(1, token.text.size() - 2)
                            : token.text;
    }
    if (statement.operation.empty()) statement.operation = token.text;
    table_is_next = token.kind == SqlToken::Kind::word &&
                    (same_word(token.text, "from") || same_word(token.text, "into") || same_word(token.text, "update"));
  }
  statement.reads = same_word(statement.operation, "select") || same_word(statement.operation, "values");
  return facts;
}

}  // namespace internal

// A statement with `Count` placeholders, from a literal. Two words; copy it freely.
template <std::size_t Count>
class Sql {
 public:
  consteval Sql(const char* literal) : statement_(checked(literal)) {}  // NOLINT: implicit on purpose

  constexpr const Statement& statement() const { return statement_; }

 private:
  static consteval Statement checked(std::string_view text) {
    const internal::SqlFacts facts = internal::scan_sql(text);
    if (!facts.closed) internal::sql_quotation_or_comment_is_not_closed();
    if (!facts.single) internal::sql_holds_more_than_one_statement();
    if (facts.statement.operation.empty()) internal::sql_is_empty();
    if (facts.placeholders != Count) internal::sql_number_of_values_differs_from_number_of_placeholders();
    return facts.statement;
  }
  Statement statement_;
};

}  // namespace marty::data
