// The introspection pages: what they need to have been kept, and the port on which they are.
#include <new>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/service/internal/log.hpp"
#include "marty/service/internal/state.hpp"

namespace marty {
namespace {

constexpr runtime::Duration kCollectionPeriod = std::chrono::milliseconds(250);
constexpr std::size_t kBatchBytes = 512 * 1024;
constexpr runtime::Duration kAdminPatience = std::chrono::seconds(1);  // for answers under way at a stop

}  // namespace

bool Service::State::has_admin() const noexcept { return options.listen && admin_section.is_enabled(environment); }

telemetry::LogSink& Service::State::with_lines_kept(telemetry::LogSink& sink) {
  if (!has_admin()) return sink;
  log_lines = std::make_unique<admin::LogLines>(sink);
  return *log_lines;
}

void Service::State::add_admin_filter() {
  if (!has_admin()) return;
  app.filter(web::Phase::edge, "live requests", [this](http::Request&, http::Response&, web::Next next) {
    if (live_requests == nullptr) return next();
    live_requests->visit(next);
  });
}

// Where an exporter collects, it does so for the pages, too.
void Service::State::plan_span_collection() {
  if (!has_admin() || !telemetry_section.enabled) return;
  tracer.observe(&traces);
  tracer.record(true);
  if (exporter != nullptr && telemetry_section.otlp.traces) return;
  lifecycle->add({.name = "span collection",
                  .start = [this] { span_collection.emplace([this] { collect_spans(); }, "span collection"); },
                  .stop = [this] { span_collection.reset(); }});
}

void Service::State::collect_spans() {
  try {
    std::string batch;
    for (;;) {
      runtime::sleep_for(kCollectionPeriod);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
      try {
        do {
          batch.clear();
          tracer.collect(batch, kBatchBytes);
        } while (batch.size() >= kBatchBytes);
      } catch (const std::bad_alloc&) {  // the next time may find some
      }
    }
  } catch (const Error&) {
    // Cancelled: the end.
  }
}

// After the application, whose routes they show, and before the first request, which they show as well.
void Service::State::plan_admin() {
  if (!has_admin()) return;
  lifecycle->add({.name = "introspection pages",
                  .start = [this] { start_admin(); },
                  .stop = [this] { stop_admin(); },
                  .stop_timeout = kAdminPatience + std::chrono::seconds(1)});
}

void Service::State::start_admin() {
  live_requests = std::make_unique<admin::LiveRequests>();
  admin_pages = std::make_unique<admin::Admin>(admin::Subject{.name = name,
                                                              .version = description.version,
                                                              .environment = environment,
                                                              .app = app,
                                                              .health = *health,
                                                              .configuration = configuration,
                                                              .metrics = metrics,
                                                              .logging = *logging,
                                                              .traces = traces,
                                                              .lines = *log_lines,
                                                              .requests = *live_requests});
  http::ServerOptions pages{
      .address = runtime::Address::ip(admin_section.host, static_cast<std::uint16_t>(admin_section.port)),
      .logging = logging.get()};
  pages.limits.connections = 100;
  pages.limits.in_flight = 20;
  admin_server = start_server(admin_pages->handler(), pages, "admin.port");
  service::kLog.info("introspection pages", {{"address", admin_server->address().to_string()}});
  if (!admin_server->address().is_loopback())
    service::kLog.warning("the introspection pages are on an address that others reach, and ask nobody who they are",
                          {{"address", admin_server->address().to_string()}});
}

void Service::State::stop_admin() {
  admin_server->drain(kAdminPatience, hurry ? &*hurry : nullptr);
  admin_server.reset();
  admin_pages.reset();
  live_requests.reset();
}

}  // namespace marty
