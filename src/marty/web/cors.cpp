#include "marty/web/cors.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/reflect/validate.hpp"
#include "marty/web/media_type.hpp"

namespace marty::web {
namespace {

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A '*' ends a label of the host: "https://*shop.example" would let https://evilshop.example in, "https://shop.*" and
// "https://*" anybody.
bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0 || scheme + 3 >= text.size()) return false;
  if (text.find_first_of("/ \t", scheme + 3) != std::string_view::npos) return false;
  const std::size_t star = text.find('*');
  if (star == std::string_view::npos) return true;
  const std::string_view behind = text.substr(star + 1);
  return star > scheme && behind.size() > 1 && behind.front() == '.' && behind.find('*') == std::string_view::npos;
}

// The '*' stands for one or more characters of a host name, never for a port, a scheme or a user.
bool matches(std::string_view pattern, std::string_view origin) noexcept {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return equals_ignore_case(pattern, origin);
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (origin.size() <= before.size() + after.size()) return false;
  const std::string_view middle = origin.substr(before.size(), origin.size() - before.size() - after.size());
  return equals_ignore_case(origin.substr(0, before.size()), before) &&
         equals_ignore_case(origin.substr(origin.size() - after.size()), after) &&
         middle.find_first_of(":/@") == std::string_view::npos;
}

}  // namespace

void CorsOptions::check(Problems& problems) const {
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (origins[i] != "*" && !is_origin(origins[i]))
      problems.add("/origins/" + std::to_string(i),
                   "is not an origin: write scheme and host, as in https://shop.example or https://*.shop.example");
  }
  if (credentials && std::ranges::count(origins, "*") > 0)
    problems.add("/credentials", "cannot be allowed to every origin: list the origins instead of \"*\"");
}

Cors::Cors(CorsOptions options)
    : options_(std::move(options)),
      methods_(join(options_.methods)),
      headers_(join(options_.headers)),
      exposed_(join(options_.exposed)),
      max_age_(std::to_string(options_.max_age_seconds)),
      any_origin_(std::ranges::count(options_.origins, "*") > 0) {
  if (auto problems = reflect::validate(options_); !problems.empty()) throw Error::invalid(std::move(problems));
}

bool Cors::allows(std::string_view origin) const noexcept {
  return any_origin_ || std::any_of(options_.origins.begin(), options_.origins.end(),
                                    [&](const std::string& pattern) { return matches(pattern, origin); });
}

void Cors::add_origin(std::string_view origin, http::Response& response) const {
  response.set_header("access-control-allow-origin", any_origin_ ? std::string_view("*") : origin);
  if (options_.credentials) response.set_header("access-control-allow-credentials", "true");
}

void Cors::answer_preflight(const http::Request& request, http::Response& response, bool allowed) const {
  response.status = 204;
  add_vary(response, "Access-Control-Request-Method");
  add_vary(response, "Access-Control-Request-Headers");
  if (!allowed) return;
  add_origin(request.header("origin"), response);
  response.set_header("access-control-allow-methods", methods_);
  if (!headers_.empty()) response.set_header("access-control-allow-headers", headers_);
  if (headers_.empty()) {
    std::string all;
    for (const std::string_view header : request.list("access-control-request-headers"))
      all.append(all.empty() ? "" : ", ").append(header);
    if (!all.empty()) response.set_header("access-control-allow-headers", all);
  }
  response.set_header("access-control-max-age", max_age_);
}

void Cors::operator()(http::Request& request, http::Response& response, Next next) const {
  const auto origin = request.headers.find("origin");
  const bool allowed = origin && allows(*origin);
  const bool preflight =
      origin && request.method == http::Method::options && request.headers.has("access-control-request-method");
  if (preflight) {
    answer_preflight(request, response, allowed);
    return vary(response);
  }
  vary(response);
  // Before the handler, which may send the head by itself.
  if (allowed) {
    add_origin(*origin, response);
    if (!exposed_.empty()) response.set_header("access-control-expose-headers", exposed_);
  }
  next();
  if (!response.begun()) vary(response);  // a handler may have set its own
}

void Cors::vary(http::Response& response) const {
  if (!any_origin_) add_vary(response, "Origin");
}

}  // namespace marty::web
