#include "marty/http/internal/reply_pump.hpp"

#include "marty/base/error.hpp"
#include "marty/runtime/world.hpp"

namespace marty::http::internal {

ReplyPump::ReplyPump(Wire& wire, const RequestBody* body, runtime::Fiber& handler)
    : wire_(wire), body_(body), handler_(handler) {
  wire_.pump_ = this;
}

ReplyPump::~ReplyPump() {
  wire_.pump_ = nullptr;
  wire_.park(nullptr);
  abandoned_ = true;
  interrupt();
  const runtime::ShieldScope shield;
  while (launched_) idle_.wait("sending a reply");
}

void ReplyPump::flush_soon() {
  if (launched_) return;
  runtime::Loop::current().launch(*this);
  launched_ = true;
}

void ReplyPump::run() {
  if (abandoned_) return;
  fiber_ = &runtime::current_fiber();
  try {
    do wire_.flush();  // meanwhile others may have appended more
    while (!abandoned_ && wire_.has_something());
    if (!abandoned_) watch();
  } catch (const std::exception&) {
    if (wire_.has_failed()) give_up();
  }
  fiber_ = nullptr;
}

void ReplyPump::finished() noexcept {
  launched_ = false;
  idle_.notify();
}

// Who still has a body to read hears of the client's end there.
void ReplyPump::watch() noexcept {
  const bool all_read = body_ == nullptr || body_->has_ended();
  if (all_read && wire_.in.space().size() >= ReceiveBuffer::kMinSpaceBytes / 4) wire_.park(this);
}

// The next request, or the client's end.
void ReplyPump::on_readable() noexcept {
  try {
    const auto size = wire_.try_read(wire_.in.space());
    if (size && *size == 0) return give_up();
    wire_.in.commit(size.value_or(0));
    watch();
  } catch (const std::exception&) {
    give_up();
  }
}

}  // namespace marty::http::internal
