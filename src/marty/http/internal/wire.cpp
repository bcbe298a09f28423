#include "marty/http/internal/wire.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/http/internal/reply_pump.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

constexpr std::size_t kSlowPieceBytes = 64 * 1024;  // has to go out within the write timeout
constexpr runtime::Duration kLingerTimeout = std::chrono::seconds(2);
constexpr std::size_t kMaxLingerBytes = 1024 * 1024;

}  // namespace

void Wire::flush() {
  if (!has_something()) return;
  const Turns::Turn turn(turns_);
  send_in_flight();
  send({}, {});
}

void Wire::flush_with(std::string_view body) {
  const Turns::Turn turn(turns_);
  send_in_flight();
  send(body, {});
}

void Wire::put(std::string_view before, std::string_view piece, std::string_view after) {
  const auto append = [&] {
    out.reserve(before.size() + piece.size() + after.size());  // or nothing of it
    for (const std::string_view part : {before, piece, after}) out.append(part);
  };
  const bool is_small = piece.size() < kGatheredBytes;
  // Nobody overtakes those who wait: what they have may come before this piece.
  if (is_small && out.size() < kGatheredBytes && !turns_.has_waiters() && !failed_) {
    append();
    if (out.size() >= kGatheredBytes) flush();
    return;
  }
  const Turns::Turn turn(turns_);
  if (is_small || !in_flight_.empty()) {
    append();
    send_in_flight();
    if (out.size() >= kGatheredBytes) send({}, {});
    return;
  }
  if (failed_) return send_in_flight();
  out.append(before);
  send(piece, after);
}

void Wire::flush_before_wait() {
  if (pump_ == nullptr) return flush();
  if (has_something()) pump_->flush_soon();
}

// The pump need not wait for the client: what it leaves is sent by the next one.
void Wire::hurry() noexcept {
  if (pump_ != nullptr) pump_->interrupt();
}

void Wire::send_in_flight() {
  if (failed_) throw Error(Code::cancelled, "the client has gone, or takes nothing");
  if (in_flight_.empty()) return;
  std::string_view rest = in_flight_.bytes().substr(in_flight_at_);
  try {
    send_slowly(rest);
  } catch (...) {
    in_flight_at_ = in_flight_.size() - rest.size();
    throw;
  }
  in_flight_.clear();
  in_flight_at_ = 0;
}

void Wire::send(std::string_view piece, std::string_view after) {
  const std::array<std::string_view, 3> parts{out.bytes(), piece, after};
  const std::size_t total = out.size() + piece.size() + after.size();
  if (total == 0) return;
  std::size_t sent = 0;
  try {
    sent = socket_.try_write(parts);
  } catch (const Error& error) {
    fail(error);
  }
  if (sent == total) return out.clear();
  std::swap(out, in_flight_);
  in_flight_at_ = std::min(sent, in_flight_.size());
  sent -= in_flight_at_;
  after.remove_prefix(sent > piece.size() ? sent - piece.size() : 0);
  piece.remove_prefix(std::min(sent, piece.size()));
  try {
    send_in_flight();
    send_slowly(piece);
    send_slowly(after);
  } catch (...) {
    keep(piece, after);
    throw;
  }
}

// So much within the write timeout, or the client is given up.
void Wire::send_slowly(std::string_view& bytes) {
  try {
    while (!bytes.empty()) {
      if (give_up_at_ == runtime::kNever) give_up_at_ = runtime::after(limits.write_timeout);
      const runtime::DeadlineScope scope(give_up_at_);
      for (std::size_t left = std::min(kSlowPieceBytes, bytes.size()); left != 0;) {
        const std::size_t size = socket_.write_some(bytes.substr(0, left));
        bytes.remove_prefix(size);
        left -= size;
      }
      give_up_at_ = runtime::kNever;
    }
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    if (error.code() == Code::deadline_exceeded && runtime::deadline() <= runtime::now()) throw;  // this fiber's own
    fail(error);
  }
}

// Of a piece that is on its way already, for the next who sends: the client counts on all of it.
void Wire::keep(std::string_view piece, std::string_view after) noexcept {
  if (failed_) return;
  try {
    in_flight_.append(piece);
    in_flight_.append(after);
  } catch (const std::bad_alloc&) {
    failed_ = true;
  }
}

// A client that goes, or takes nothing, is no fault of the service's: whoever writes for it is cancelled.
void Wire::fail(const Error& error) {
  failed_ = true;
  throw Error(Code::cancelled, error.code() == Code::deadline_exceeded ? "the client took nothing for too long"
                                                                       : "the client has gone: " + error.message());
}

std::size_t Wire::read(std::span<char> buffer, runtime::TimePoint until) {
  if (const auto size = socket_.try_read(buffer)) return *size;
  const runtime::DeadlineScope scope(until);
  return socket_.read_some(buffer);
}

std::size_t Wire::read(std::span<char> buffer, runtime::Duration timeout) {
  if (const auto size = socket_.try_read(buffer)) return *size;
  const runtime::DeadlineScope scope(timeout);
  return socket_.read_some(buffer);
}

void Wire::linger() noexcept {
  try {
    socket_.shutdown_write();
    const runtime::DeadlineScope scope(kLingerTimeout);
    in.clear();
    for (std::size_t total = 0; total < kMaxLingerBytes;) {
      const std::size_t size = socket_.read_some(in.space());
      if (size == 0) return;
      total += size;
    }
  } catch (const std::exception&) {  // closing is what comes next in any case
  }
}

}  // namespace marty::http::internal
