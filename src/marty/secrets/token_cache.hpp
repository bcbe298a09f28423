// TokenCache: what a login gave – a token, temporary credentials – for all fibers of all loops, until shortly before it
// expires. For stores that have to log in first.
//
//   TokenCache<Secret> tokens([this] { return log_in(); });       // TokenCache<Secret>::Login{token, lifetime}
//   auto held = tokens.get();
//   if (ask(held->token) == 401) tokens.reject(held), held = tokens.get();
//
// One login at a time: who comes while it runs waits for it, and shares its failure. It is renewed while the old one is
// still good, by one fiber; the others go on with the old one meanwhile, and so do all where renewing fails. A login
// that was refused is not repeated for kPause, so that a wrong password does not lock an account; one that could not be
// made (unavailable) is, by the next who asks.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"

namespace marty::secrets {

template <class Token>
class TokenCache {
 public:
  static constexpr runtime::Duration kPause = std::chrono::seconds(5);
  static constexpr runtime::Duration kEarliest = std::chrono::minutes(5);  // how long before its end one is renewed

  struct Login {
    Token token;
    runtime::Duration lifetime = runtime::Duration::max();
    std::optional<runtime::Duration> renew_early;  // how long before its end; default: a fifth of it, up to kEarliest
  };
  // What is handed out: shared with those who still use it when the next one has come.
  struct Held {
    Token token;
    runtime::TimePoint renew_at;
    runtime::TimePoint expires;
  };

  // `log_in` throws Error where that fails, as Store::get() does. Called on a fiber, never twice at a time.
  explicit TokenCache(std::function<Login()> log_in) : log_in_(std::move(log_in)) {}

  // Throws what log_in threw. On a fiber.
  std::shared_ptr<const Held> get() {
    const std::uint64_t seen = attempts();
    if (const auto held = usable(/*renewal=*/false)) return held;
    std::unique_lock turn(login_, std::defer_lock);
    if (const auto old = usable(/*renewal=*/true)) {
      if (!turn.try_lock()) return old;
    } else {
      turn.lock();
    }
    if (const auto held = usable(/*renewal=*/false)) return held;
    const auto old = usable(/*renewal=*/true);
    if (old == nullptr) rethrow_recent(seen);
    return renew(old);
  }

  // The store does not take this one any more: the next get() logs in, unless there is another one already. Where the
  // new one is refused too, it is the store that is wrong: for kPause nothing happens.
  void reject(const std::shared_ptr<const Held>& refused) {
    const std::lock_guard lock(state_);
    if (held_ != refused || runtime::now() < next_rejection_) return;
    held_ = nullptr;
    next_rejection_ = runtime::after(kPause);
  }

 private:
  std::uint64_t attempts() {
    const std::lock_guard lock(state_);
    return attempts_;
  }

  // The one there is: fresh, or with `renewal` one that should be renewed but is still good.
  std::shared_ptr<const Held> usable(bool renewal) {
    const std::lock_guard lock(state_);
    const runtime::TimePoint now = runtime::now();
    if (held_ == nullptr || now >= held_->expires) return nullptr;
    const bool is_fresh = now < held_->renew_at || now < paused_until_;
    return is_fresh || renewal ? held_ : nullptr;
  }

  // A failure that this fiber has waited for, or a refusal of just now, counts for it too.
  void rethrow_recent(std::uint64_t seen) {
    const std::lock_guard lock(state_);
    if (failure_ != nullptr && (attempts_ != seen || runtime::now() < paused_until_)) std::rethrow_exception(failure_);
  }

  std::shared_ptr<const Held> renew(const std::shared_ptr<const Held>& old) {
    try {
      Login login = log_in_();
      const runtime::TimePoint now = runtime::now();
      const bool is_endless = login.lifetime >= runtime::kNever - now;
      const runtime::TimePoint expires = is_endless ? runtime::kNever : now + login.lifetime;
      const runtime::TimePoint renew_at =
          is_endless ? expires : expires - login.renew_early.value_or(std::min(kEarliest, login.lifetime / 5));
      const auto held = std::make_shared<const Held>(Held{std::move(login.token), renew_at, expires});
      const std::lock_guard lock(state_);
      ++attempts_;
      failure_ = nullptr;
      paused_until_ = {};
      return held_ = held;
    } catch (const Error& error) {
      remember(error.code(), old != nullptr);
      if (old != nullptr && !is_interruption(error.code())) return old;
      throw;
    }
  }

  // In its catch block. What ended only this fiber says nothing to the others.
  void remember(Code code, bool has_old) {
    if (is_interruption(code)) return;
    const std::lock_guard lock(state_);
    ++attempts_;
    failure_ = std::current_exception();
    paused_until_ = code != Code::unavailable || has_old ? runtime::now() + kPause : runtime::TimePoint{};
  }

  static bool is_interruption(Code code) { return code == Code::cancelled || code == Code::deadline_exceeded; }

  std::function<Login()> log_in_;
  runtime::Mutex login_;  // held while logging in
  std::mutex state_;      // of what follows; never held while waiting
  std::shared_ptr<const Held> held_;
  std::exception_ptr failure_;  // of the last login; null: it succeeded
  runtime::TimePoint paused_until_{};
  runtime::TimePoint next_rejection_{};
  std::uint64_t attempts_ = 0;  // that ended
};

}  // namespace marty::secrets
