#include "marty/admin/internal/html.hpp"

#include <fmt/format.h>

#include "marty/base/strings.hpp"

namespace marty::admin::internal {
namespace {

struct Page {
  std::string_view path;
  std::string_view title;
};
constexpr Page kPages[] = {
    {"/", "Overview"},
    {"/routes", "Routes"},
    {"/requests", "Live requests"},
    {"/traces", "Traces"},
    {"/dependencies", "Calls"},
    {"/configuration", "Configuration"},
    {"/log-levels", "Log levels"},
    {"/runtime", "Runtime"},
    {"/metrics", "Metrics"},
};

Cell escaped_cell(std::string_view value, std::string_view style = {}) {
  Cell cell{{}, style};
  append_escaped(cell.html, value);
  return cell;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

Cell text(std::string_view value) { return escaped_cell(value); }
Cell code(std::string_view value) { return escaped_cell(value, "code"); }
Cell long_code(std::string_view value) { return escaped_cell(value, "code wrap"); }
Cell badge(bool good, std::string_view value) { return escaped_cell(value, good ? "good" : "bad"); }
Cell number(std::uint64_t value) { return {std::to_string(value), "number"}; }
Cell milliseconds(std::optional<double> value) {
  return {value ? fmt::format("{:.{}f} ms", *value, *value < 10 ? 3 : 1) : "–", "number"};
}
Cell percent(double ratio) { return {fmt::format("{:.5g} %", ratio * 100), "number"}; }

Cell link(std::string_view target, std::string_view value) {
  Cell cell{"<a href=\"", "code"};
  append_escaped(cell.html, target);
  cell.html += "\">";
  append_escaped(cell.html, value);
  cell.html += "</a>";
  return cell;
}

Html::Html(std::string_view title, std::string_view service) {
  literal("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  escaped(title);
  literal(" – ");
  escaped(service);
  literal(
      "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<link rel=\"stylesheet\" href=\"/admin.css\"></head><body><header><strong>");
  escaped(service);
  literal("</strong><nav>");
  for (const Page& page : kPages) {
    literal(page.title == title ? "<a class=\"here\" href=\"" : "<a href=\"");
    literal(page.path);
    literal("\">");
    literal(page.title);
    literal("</a>");
  }
  literal("</nav></header><main><h1>");
  escaped(title);
  literal("</h1>");
}

void Html::heading(std::string_view title) {
  literal("<h2>");
  escaped(title);
  literal("</h2>");
}

void Html::note(std::string_view sentence) {
  literal("<p>");
  escaped(sentence);
  literal("</p>");
}

void Html::table(std::initializer_list<std::string_view> columns) {
  literal("<table>");
  if (columns.size() == 0) return;
  literal("<thead><tr>");
  for (const std::string_view column : columns) {
    literal("<th>");
    escaped(column);
    literal("</th>");
  }
  literal("</tr></thead>");
}

void Html::row(std::initializer_list<Cell> cells) {
  literal("<tr>");
  for (const Cell& cell : cells) {
    literal("<td class=\"");
    literal(cell.style);
    literal("\">");
    literal(cell.html);
    literal("</td>");
  }
  literal("</tr>");
}

void Html::end_table() { literal("</table>"); }

void Html::fact(std::string_view name, const Cell& value) {
  literal("<tr><th>");
  escaped(name);
  literal("</th><td class=\"");
  literal(value.style);
  literal("\">");
  literal(value.html);
  literal("</td></tr>");
}

std::string Html::finish() {
  literal("</main></body></html>\n");
  return std::move(out_);
}

}  // namespace marty::admin::internal
