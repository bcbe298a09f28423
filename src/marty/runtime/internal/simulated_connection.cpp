#include "marty/runtime/internal/simulated_connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/internal/simulated_driver.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::size_t kWindowBytes = 256 << 10;  // sent and not yet read by the peer: more makes the writer wait
constexpr std::size_t kSegmentBytes = 16 << 10;

void wake(Fiber* fiber) noexcept {
  if (fiber != nullptr) fiber->scheduler.wake(*fiber);
}

// Remembers for the length of a wait which fiber to wake.
class Waiting {
 public:
  Waiting(Fiber*& place, Fiber* fiber) : place_(place) {
    MARTY_CHECK(place_ == nullptr);  // one reader and one writer at a time
    place_ = fiber;
  }
  ~Waiting() { place_ = nullptr; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Fiber*& place_;
};

}  // namespace

Connection::~Connection() { driver.forget(*this); }

void Connection::notify(End& end) {
  wake(end.reader);
  wake(end.writer);
  if (end.parked != nullptr) driver.call_back(*this, end);
}

void Connection::reset() {
  for (End& end : ends) {
    end.broken = true;
    end.outgoing.clear();
    end.held = 0;
    notify(end);
  }
}

void Connection::arrive(int side) {
  End& from = ends[side];
  End& to = ends[1 - side];
  if (from.outgoing.empty()) return;  // a reset overtook it
  Segment segment = std::move(from.outgoing.front());
  from.outgoing.pop_front();
  driver.trace(segment.kind == Segment::Kind::data ? "data" : "end", id * 2 + static_cast<std::uint64_t>(side),
               segment.bytes);
  if (segment.kind == Segment::Kind::reset) {
    to.broken = true;
  } else if (segment.kind == Segment::Kind::finish) {
    to.peer_finished = true;
  } else if (to.closed) {
    to.outgoing.clear();
    driver.transmit(*this, 1 - side, {Segment::Kind::reset, {}});
    return;
  } else {
    if (cut_after_bytes) {
      if (*cut_after_bytes <= segment.bytes.size()) return reset();
      *cut_after_bytes -= segment.bytes.size();
    }
    to.received.erase(0, std::exchange(to.consumed, 0));
    to.received += segment.bytes;
  }
  notify(to);
}

SimulatedSocket::~SimulatedSocket() {
  End& end = self();
  end.closed = true;
  end.parked = nullptr;
  if (end.broken) return;
  if (end.available() > 0) {
    connection_->driver.transmit(*connection_, side_, {Segment::Kind::reset, {}});
  } else if (!end.finished) {
    connection_->driver.transmit(*connection_, side_, {Segment::Kind::finish, {}});
  }
}

void SimulatedSocket::throw_reset() const {
  throw Error(Code::unavailable, "the connection to " + peer().address.to_string() + " was reset");
}

std::optional<std::size_t> SimulatedSocket::try_read(std::span<char> buffer) {
  End& end = self();
  if (const std::size_t size = std::min(end.available(), buffer.size()); size > 0) {
    std::memcpy(buffer.data(), end.received.data() + end.consumed, size);
    end.consumed += size;
    peer().unread -= size;
    if (peer().unread < kWindowBytes) wake(peer().writer);
    return size;
  }
  if (end.broken) throw_reset();
  if (end.peer_finished || buffer.empty()) return 0;
  return std::nullopt;
}

std::size_t SimulatedSocket::read_some(std::span<char> buffer) {
  Scheduler& scheduler = connection_->driver.scheduler();
  scheduler.step();
  for (;;) {
    if (const auto size = try_read(buffer)) return *size;
    const Waiting waiting(self().reader, scheduler.current_fiber());
    if (const Wake woken = scheduler.wait(); woken != Wake::notified) {
      scheduler.throw_interrupted(woken, "reading from " + peer().address.to_string());
    }
  }
}

std::size_t SimulatedSocket::send(std::string_view bytes) {
  End& end = self();
  if (end.broken) throw_reset();
  if (end.finished)
    throw Error(Code::unavailable, "the connection to " + peer().address.to_string() + " is shut down for writing");
  const std::size_t room = end.unread < kWindowBytes ? kWindowBytes - end.unread : 0;
  bytes = bytes.substr(0, std::min(room, bytes.size()));
  end.unread += bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += kSegmentBytes) {
    connection_->driver.transmit(*connection_, side_,
                                 {Segment::Kind::data, std::string(bytes.substr(at, kSegmentBytes))});
  }
  return bytes.size();
}

std::size_t SimulatedSocket::try_write(std::span<const std::string_view> parts) {
  std::string bytes;
  for (const std::string_view part : parts) bytes += part;
  return send(bytes);
}

void SimulatedSocket::write(std::span<const std::string_view> parts) {
  Scheduler& scheduler = connection_->driver.scheduler();
  scheduler.step();
  std::string bytes;
  for (const std::string_view part : parts) bytes += part;
  std::string_view rest = bytes;
  for (;;) {
    rest.remove_prefix(send(rest));
    if (rest.empty()) return;
    wait_for_room(scheduler);
  }
}

std::size_t SimulatedSocket::write_some(std::string_view bytes) {
  Scheduler& scheduler = connection_->driver.scheduler();
  scheduler.step();
  for (;;) {
    if (const std::size_t size = send(bytes); size != 0 || bytes.empty()) return size;
    wait_for_room(scheduler);
  }
}

void SimulatedSocket::wait_for_room(Scheduler& scheduler) {
  const Waiting waiting(self().writer, scheduler.current_fiber());
  if (const Wake woken = scheduler.wait(); woken != Wake::notified) {
    scheduler.throw_interrupted(woken, "writing to " + peer().address.to_string());
  }
}

void SimulatedSocket::park(ReadableCallback* callback) noexcept {
  End& end = self();
  end.parked = callback;
  if (callback != nullptr && end.readable()) connection_->driver.call_back(*connection_, end);
}

void SimulatedSocket::shutdown_write() noexcept {
  End& end = self();
  if (end.finished || end.broken) return;
  end.finished = true;
  connection_->driver.transmit(*connection_, side_, {Segment::Kind::finish, {}});
}

}  // namespace marty::runtime::internal
