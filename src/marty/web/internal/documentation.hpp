// /openapi.json and the documentation pages that show it, offline: Swagger UI, Redoc and Stoplight Elements from
// embedded files, under a Content-Security-Policy without inline or foreign scripts.
#pragma once

#include <string>

#include "marty/json/value.hpp"
#include "marty/web/internal/served_content.hpp"

namespace marty::web {

class App;

namespace internal {

// The document, ready to send. Filled at the start of the application; then read by any thread.
class Documentation {
 public:
  void set(const json::Value& document);
  const std::string& text() const noexcept { return text_; }
  void serve(const http::Request& request, http::Response& response) const;

 private:
  std::string text_;
  std::string gzip_;
  std::string etag_;
};

// Adds the routes, hidden from the document itself. `documentation` outlives the application's handling.
void add_documentation_routes(App& app, const Documentation& documentation);

}  // namespace internal
}  // namespace marty::web
