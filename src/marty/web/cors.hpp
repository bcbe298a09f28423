// Cors: lets pages of other origins call the service (WHATWG Fetch, section 3.2).
//
//   app.filter(Phase::edge, "cors", Cors({.origins = {"https://*.shop.example"}, .credentials = true}));
//
// Answers preflight requests by itself and marks what depends on the origin with Vary. A request of an origin that is
// not listed is served without the headers: the browser keeps the reply from the page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "marty/reflect/rules.hpp"
#include "marty/web/filter.hpp"

namespace marty::web {

struct CorsOptions {
  std::vector<std::string> origins;
  std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  std::vector<std::string> headers;
  std::vector<std::string> exposed = {"etag", "location", "x-mmf-correlation-id", "x-mmf-request-id"};
  bool credentials = false;
  int max_age_seconds = 600;

  void check(Problems& problems) const;

  static constexpr auto rules = marty::rules(
      field<&CorsOptions::origins>.description(
          "`https://shop.example`, `https://*.shop.example` for all hosts below it; `*` alone for all"),
      field<&CorsOptions::methods>.description("That a page may use"),
      field<&CorsOptions::headers>.optional().description("That a page may send; none: whatever it asks for"),
      field<&CorsOptions::exposed>.description("That a page may read"),
      field<&CorsOptions::credentials>.description("Cookies and Authorization; not together with the origin `*`"),
      field<&CorsOptions::max_age_seconds>.description("Of a preflight's answer"));
};

class Cors {
 public:
  // Throws Error(invalid_argument) for options that contradict each other or an origin that is none.
  explicit Cors(CorsOptions options);
  void operator()(http::Request& request, http::Response& response, Next next) const;
  bool allows(std::string_view origin) const noexcept;

 private:
  void vary(http::Response& response) const;
  void answer_preflight(const http::Request& request, http::Response& response, bool allowed) const;
  void add_origin(std::string_view origin, http::Response& response) const;

  CorsOptions options_;
  std::string methods_, headers_, exposed_, max_age_;
  bool any_origin_ = false;
};

}  // namespace marty::web
