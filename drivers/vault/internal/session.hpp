// The token that requests are made with: got by a login, renewed in time, got anew when it has ended – once for all
// fibers of all loops that want one.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"
#include "marty/secrets/token_cache.hpp"
#include "vault/internal/api.hpp"

namespace marty::vault::internal {

class Session {
 public:
  using Cache = secrets::TokenCache<Secret>;
  using Held = std::shared_ptr<const Cache::Held>;  // shared as the cache has it

  // Both must outlive it.
  Session(const Options& options, Api& api) : options_(options), api_(api) {}

  // Logs in or renews where that is due. Throws Error: unauthenticated (Vault refuses the login, or what it needs
  // cannot be read), and as Api::send().
  Held token() { return tokens_.get(); }

  // After Vault refused a request with `refused`: the one to try it with again; null where there is no other, or none
  // is needed: a token that Vault still knows lacks a permission, which a login would not give. Vault is asked that,
  // and for a login, at most once in kPause.
  Held another(const Held& refused);

  static constexpr runtime::Duration kPause = std::chrono::seconds(10);

 private:
  struct Grant {
    Secret token;
    runtime::TimePoint asked{};
    runtime::Duration left{0};   // from then on; 0: it never ends
    runtime::Duration whole{0};  // what it had at its beginning
    bool renewable = false;
  };

  bool can_log_in_anew() const { return options_.auth != Auth::token || options_.token_file.has_value(); }
  bool is_alive(const Secret& token);

  Cache::Login obtain();
  bool renew();
  Grant log_in();
  Grant look_up_given_token();
  Grant log_in_with(std::string_view body_start, const Secret& proof);

  const Options& options_;
  Api& api_;

  std::optional<Grant> grant_;           // for obtain(), which never runs twice at a time
  std::atomic<bool> is_refused_{false};  // the next obtain() is not to renew
  Cache tokens_{[this] { return obtain(); }};

  runtime::Mutex turn_;  // of what follows
  std::optional<runtime::TimePoint> doubted_;
};

}  // namespace marty::vault::internal
