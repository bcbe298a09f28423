#include "marty/web/internal/documentation.hpp"

#include "marty/compress/compress.hpp"
#include "marty/web/app.hpp"
#include "marty/web/conditional.hpp"

#ifdef MARTY_DOCS_UI
#include "embedded/docs_assets.hpp"
#endif

namespace marty::web::internal {

void Documentation::set(const json::Value& document) {
  text_ = document.to_string();
  gzip_ = compress::compress(compress::Coding::gzip, text_, 9);
  etag_ = make_etag(text_);
}

void Documentation::serve(const http::Request& request, http::Response& response) const {
  internal::serve(
      {.content = gzip_, .encoding = "gzip", .plain = text_, .etag = etag_, .media_type = "application/json"}, request,
      response);
}

#ifdef MARTY_DOCS_UI
namespace {

// Styles are set by the pages' scripts, hence 'unsafe-inline' for them; Redoc runs its search in a worker made of a
// blob.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// What differs between the pages. Addresses are relative so that they work behind a path prefix too.
struct Page {
  std::string_view path;
  std::string_view head;
  std::string_view body;
};
constexpr Page kPages[] = {
    {"/docs", "<link rel=\"stylesheet\" href=\"docs/assets/swagger-ui.css\">",
     "<div id=\"swagger-ui\"></div><script src=\"docs/assets/swagger-ui-bundle.js\"></script>"
     "<script src=\"docs/assets/swagger-start.js\"></script>"},
    {"/docs/redoc", "",
     "<redoc spec-url=\"../openapi.json\"></redoc><script src=\"assets/redoc.standalone.js\"></script>"},
    {"/docs/stoplight",
     "<link rel=\"stylesheet\" href=\"assets/styles.min.css\"><script src=\"assets/web-components.min.js\"></script>",
     "<elements-api apiDescriptionUrl=\"../openapi.json\" router=\"hash\" layout=\"sidebar\"></elements-api>"},
};

std::string html_of(const Page& page, std::string_view title) {
  std::string html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  for (const char c : title) c == '<' ? html += "&lt;" : c == '&' ? html += "&amp;" : html += c;
  html +=
      "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<link rel=\"icon\" href=\"data:,\">";
  return html.append(page.head).append("</head><body style=\"margin:0\">").append(page.body).append("</body></html>");
}

std::string_view asset_media_type(std::string_view name) {
  if (name.ends_with(".txt")) return "text/plain; charset=utf-8";
  return name.ends_with(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
}

void serve_asset(Path<std::string> name, http::Request& request, http::Response& response) {
  for (const EmbeddedFile& file : docs_assets()) {
    if (file.name != *name) continue;
    response.set_header("x-content-type-options", "nosniff");
    return serve({.content = file.content,
                  .encoding = file.encoding,
                  .plain = {},
                  .etag = file.etag,
                  .media_type = asset_media_type(file.name)},
                 request, response);
  }
  throw Error(Code::not_found, "there is no asset " + *name);
}

void add_pages(App& app) {
  for (const Page& page : kPages) {
    app.get(
           page.path,
           [html = html_of(page, app.options().title)](http::Response& response) {
             response.set_header("content-security-policy", kPolicy);
             response.set_header("x-content-type-options", "nosniff");
             response.set_header("referrer-policy", "no-referrer");
             response.set_body(html, "text/html; charset=utf-8");
           },
           "A documentation page")
        .hidden();
  }
  app.get("/docs/assets/{name}", serve_asset, "A file of the documentation pages").hidden();
}

}  // namespace
#endif

void add_documentation_routes(App& app, const Documentation& documentation) {
  app.get(
         "/openapi.json",
         [&documentation](http::Request& request, http::Response& response) { documentation.serve(request, response); },
         "The description of this API")
      .hidden();
#ifdef MARTY_DOCS_UI
  add_pages(app);
#endif
}

}  // namespace marty::web::internal
