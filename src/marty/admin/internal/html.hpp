// Html: a page in the making. Every text is escaped where it goes in; markup comes from literals only.
//
//   Html page("Routes", "petstore");
//   page.table({"route", "requests"});
//   page.row({text(route.pattern), number(route.requests)});
//   page.end_table();
//   response.set_body(page.finish(), "text/html; charset=utf-8");
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace marty::admin::internal {

// For contents and attribute values (https://html.spec.whatwg.org/multipage/syntax.html).
void append_escaped(std::string& out, std::string_view text);

// What stands in a table, escaped already. Made by the functions below.
struct Cell {
  std::string html;
  std::string_view style = {};  // a class of the stylesheet
};

Cell text(std::string_view value);
Cell code(std::string_view value);
Cell long_code(std::string_view value);                      // which may break anywhere
Cell link(std::string_view target, std::string_view value);  // an address of these pages
Cell badge(bool good, std::string_view value);
Cell number(std::uint64_t value);
Cell milliseconds(std::optional<double> value);
Cell percent(double ratio);

class Html {
 public:
  Html(std::string_view title, std::string_view service);

  void heading(std::string_view title);
  void note(std::string_view sentence);
  void table(std::initializer_list<std::string_view> columns);
  void row(std::initializer_list<Cell> cells);
  void end_table();
  void fact(std::string_view name, const Cell& value);  // a row of two
  void literal(std::string_view markup) { out_ += markup; }
  void escaped(std::string_view value) { append_escaped(out_, value); }
  std::string finish();

 private:
  std::string out_;
};

}  // namespace marty::admin::internal
