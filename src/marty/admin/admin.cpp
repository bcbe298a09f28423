#include "marty/admin/admin.hpp"

#include <utility>

#include "embedded/admin_assets.hpp"
#include "marty/admin/internal/guard.hpp"
#include "marty/admin/internal/settings_pages.hpp"
#include "marty/admin/internal/status_pages.hpp"
#include "marty/admin/internal/trace_pages.hpp"
#include "marty/base/error.hpp"
#include "marty/json/json.hpp"
#include "marty/web/internal/served_content.hpp"
#include "marty/web/media_type.hpp"
#include "marty/web/parameters.hpp"
#include "marty/web/query.hpp"
#include "marty/web/results.hpp"

namespace marty::admin {
namespace {

constexpr std::size_t kMaxFormBytes = 4096;

// ?format= has the last word.
bool wants_json(const http::Request& request) {
  web::PairReader pairs = web::query_pairs(request.query());
  while (const auto pair = pairs.next()) {
    if (pair->name != "format") continue;
    if (pair->value == "json" || pair->value == "html") return pair->value == "json";
    throw Error(Code::invalid_argument, "format is json or html");
  }
  const http::ListField accept = request.list("accept");
  return web::media_quality(accept, "application/json") > web::media_quality(accept, "text/html");
}

template <class Page>
void answer(const http::Request& request, http::Response& response, const Page& page) {
  web::add_vary(response, "Accept");
  if (wants_json(request)) return response.set_body(json::to_string(page), "application/json");
  response.set_body(internal::to_html(page), "text/html; charset=utf-8");
}

void serve_style(http::Request& request, http::Response& response) {
  const EmbeddedFile& file = internal::admin_assets().front();
  web::internal::serve({.content = file.content,
                        .encoding = file.encoding,
                        .plain = {},
                        .etag = file.etag,
                        .media_type = "text/css; charset=utf-8"},
                       request, response);
}

}  // namespace

Admin::Admin(Subject subject)
    : subject_(std::move(subject)),
      since_(runtime::wall_now()),
      app_({.title = "Introspection of " + subject_.name,
            .docs = false,
            .telemetry = false,
            .logging = &subject_.logging,
            .max_body_bytes = kMaxFormBytes}) {
  app_.filter(web::Phase::edge, "guard", internal::guard);
  add_pages();
  app_.start();
}

Admin::~Admin() = default;

void Admin::add_pages() {
  const auto page = [this](std::string_view path, auto make, std::string summary) {
    app_.get(
        path,
        [this, make](const http::Request& request, http::Response& response) {
          answer(request, response, make(subject_));
        },
        std::move(summary));
  };
  page(
      "/", [this](const Subject& subject) { return internal::overview(subject, since_); }, "How the service is");
  page("/routes", internal::routes, "What it serves");
  page("/requests", internal::requests, "What is being handled");
  page("/dependencies", internal::calls, "What it calls");
  page("/configuration", internal::settings, "How it is configured");
  page("/log-levels", internal::levels, "From which level on it logs");
  page("/runtime", internal::runtime_facts, "Loops, fibers and pools");
  app_.get(
      "/traces",
      [this](web::Query<std::optional<internal::TraceReason>, "reason"> reason, const http::Request& request,
             http::Response& response) { answer(request, response, internal::traces(subject_, *reason)); },
      "Failed and slow requests");
  app_.get(
      "/traces/{id}",
      [this](web::Path<std::string> id, const http::Request& request, http::Response& response) {
        answer(request, response, internal::trace(subject_, *id));
      },
      "One of them");
  app_.post(
      "/log-levels",
      [this](web::Form<internal::LevelChange> change) {
        internal::change_level(subject_.logging, *change);
        return web::Reply<void>{.status = 303, .headers = {{"location", "/log-levels"}}};
      },
      "Set a log level");
  app_.get(
      "/metrics",
      [this] {
        return web::Blob{subject_.metrics.prometheus(), std::string(telemetry::kPrometheusContentType)};
      },
      "Metrics in the text format of Prometheus");
  app_.get("/admin.css", serve_style, "The style of these pages");
}

}  // namespace marty::admin
