#include "marty/http/internal/request_place.hpp"

#include "marty/base/error.hpp"
#include "marty/http/internal/loop_server.hpp"

namespace marty::http::internal {
namespace {

constexpr runtime::Duration kLongWait = std::chrono::seconds(1);  // longer than a round trip of an honest client

}  // namespace

bool WaitingBodies::admit(runtime::TimePoint now) noexcept {
  if (requests_ >= most_) {
    if (first_ == nullptr || now - first_->waits_since_ < kLongWait) return false;
    RequestPlace& slowest = *first_;
    remove(slowest);
    runtime::cancel(*slowest.fiber_);
  }
  ++requests_;
  return true;
}

void WaitingBodies::push_back(RequestPlace& place) noexcept {
  place.waits_ = true;
  place.previous_ = last_;
  place.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &place;
  last_ = &place;
}

void WaitingBodies::remove(RequestPlace& place) noexcept {
  place.waits_ = false;
  (place.previous_ != nullptr ? place.previous_->next_ : first_) = place.next_;
  (place.next_ != nullptr ? place.next_->previous_ : last_) = place.previous_;
}

void RequestPlace::take() noexcept {
  if (server_.enter()) state_ = State::held;
}

void RequestPlace::leave() noexcept {
  if (state_ == State::held) server_.leave();
  if (counted_) server_.waiting_bodies().forget();
  state_ = State::none;
  counted_ = false;
}

void RequestPlace::begin_wait() {
  if (state_ == State::none) return;  // what comes behind the handler
  const runtime::TimePoint now = runtime::coarse_now();
  if (!counted_) {
    if (!server_.waiting_bodies().admit(now))
      throw Error(Code::unavailable, "too many requests wait for their bodies; try again").for_callers();
    counted_ = true;
  }
  if (state_ == State::held) server_.leave();
  state_ = State::lent;
  fiber_ = &runtime::current_fiber();
  waits_since_ = now;
  server_.waiting_bodies().push_back(*this);
}

void RequestPlace::end_wait() noexcept {
  if (waits_) server_.waiting_bodies().remove(*this);
}

// The handler has begun, and goes on even where that makes one too many.
void RequestPlace::come_back() noexcept {
  if (state_ != State::lent) return;
  server_.occupy();
  state_ = State::held;
}

void RequestPlace::require() {
  if (state_ == State::lent && !server_.has_room())
    throw Error(Code::unavailable, "too many requests are in flight; try again").for_callers();
}

}  // namespace marty::http::internal
