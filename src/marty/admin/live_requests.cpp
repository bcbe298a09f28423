#include "marty/admin/live_requests.hpp"

#include <algorithm>

#include "marty/runtime/world.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/web/route.hpp"

namespace marty::admin {

LiveRequests::LiveRequests() : lists_([] { return std::make_unique<List>(); }) {}

void LiveRequests::visit(const web::Next& next) {
  web::Exchange& exchange = next.exchange();
  const runtime::TimePoint arrival = runtime::coarse_now();
  const Visit visit(*this, exchange, arrival);
  next();
  if (exchange.response().stream() != nullptr) exchange.keep(std::make_shared<Visit>(*this, exchange, arrival));
}

LiveRequests::Visit::Visit(LiveRequests& requests, web::Exchange& exchange, runtime::TimePoint arrival)
    : exchange_(exchange), arrival_(arrival), list_(requests.lists_.get()), older_(list_.youngest) {
  (older_ != nullptr ? older_->younger_ : list_.oldest) = this;
  list_.youngest = this;
}

LiveRequests::Visit::~Visit() {
  (older_ != nullptr ? older_->younger_ : list_.oldest) = younger_;
  (younger_ != nullptr ? younger_->older_ : list_.youngest) = older_;
}

LiveRequest LiveRequests::Visit::copy(runtime::TimePoint now) const {
  const http::Request& request = exchange_.request();
  LiveRequest result;
  result.method = request.method_text;
  std::string buffer;
  result.path = exchange_.redacted_path(buffer);
  if (exchange_.route() != nullptr) result.route = exchange_.route()->pattern;
  result.trace_id = telemetry::to_string(exchange_.context().trace_id);
  if (request.peer != nullptr) result.peer = request.peer->to_string();
  result.age_ms = std::max(0.0, static_cast<double>((now - arrival_).count()) * 1e-6);
  result.loop = runtime::Loop::current().index();
  return result;
}

std::vector<LiveRequest> LiveRequests::all() {
  std::vector<LiveRequest> found;
  for (runtime::Loop* const loop : runtime::World::current().loops()) {
    runtime::run_on(*loop, [&] {
      const runtime::TimePoint now = runtime::now();
      std::size_t left = kMaxOfLoop;
      for (const Visit* visit = lists_.get().oldest; visit != nullptr && left > 0; visit = visit->younger_, --left)
        found.push_back(visit->copy(now));
    });
  }
  std::ranges::sort(found, std::greater(), &LiveRequest::age_ms);
  return found;
}

}  // namespace marty::admin
