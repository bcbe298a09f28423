#include "marty/service/reloader.hpp"

#include <mutex>

#include "marty/base/error.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/standard.hpp"

namespace marty::service {
namespace {

constexpr Logger kConfigurationLog("marty.configuration");

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

}  // namespace

Reloader::Reloader(config::Configuration& configuration, telemetry::Metrics& metrics)
    : configuration_(configuration),
      generation_(telemetry::config_generation(metrics)),
      applied_(telemetry::config_reloads(metrics, "applied")),
      unchanged_(telemetry::config_reloads(metrics, "unchanged")),
      refused_(telemetry::config_reloads(metrics, "refused")) {}

void Reloader::start(Watched watched) {
  watched_ = std::move(watched);
  generation_.set(static_cast<double>(configuration_.generation()));
  if (!watched_.folders.empty()) {
    watch_ = std::make_unique<runtime::FileWatch>(watched_.folders);
    try_reload("a look at what changed before the files were watched");
    fibers_.emplace_back(std::function<void()>([this] { watch_files(); }), "configuration files");
  }
  if (watched_.secrets != nullptr && watched_.refresh_interval > runtime::Duration::zero())
    fibers_.emplace_back(std::function<void()>([this] { watch_secrets(); }), "secrets");
}

void Reloader::stop() noexcept {
  fibers_.clear();
  watch_.reset();
}

config::Reload Reloader::reload(std::string_view cause) {
  if (watched_.secrets != nullptr) {
    if (!watched_.secrets->refresh().empty()) rotated_ = true;
    report_stores();
  }
  config::Reload result = take_over(cause);
  if (!result.changed)
    kConfigurationLog.info("the configuration is as it was before",
                           {{"generation", result.generation}, {"cause", cause}});
  return result;
}

config::Reload Reloader::take_over(std::string_view cause) {
  try {
    config::Reload result = configuration_.reload();
    report(result, cause);
    return result;
  } catch (const Error& error) {
    if (error.code() != Code::cancelled) report_failure(error.message(), cause);
    throw;
  } catch (const std::exception& error) {
    report_failure(error.what(), cause);
    throw;
  }
}

// What goes wrong is in the log, unless it is the end.
void Reloader::try_reload(std::string_view cause) {
  try {
    take_over(cause);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
  } catch (const std::exception&) {
  }
}

void Reloader::watch_files() {
  try {
    for (;;) {
      watch_->wait();
      try_reload("files changed");
    }
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) return;
    kConfigurationLog.error("changes of the configuration's files are not noticed from now on: " + error.message());
  }
}

// What was refused may be right the next time: a store is back, a subscriber agrees.
void Reloader::watch_secrets() {
  try {
    for (;;) {
      runtime::sleep_for(watched_.refresh_interval);  // tidy:allow(sleep): the runtime's, virtual in a simulated world
      std::vector<std::string> rotated;
      for (const secrets::Key& key : watched_.secrets->refresh()) rotated.push_back(key.text());
      report_stores();
      if (!rotated.empty())
        try_reload("rotation of the secret " + joined(rotated));
      else if (rotated_ || !failure().empty())  // an asked-for reload may have been given up
        try_reload("another attempt");
    }
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) return;
    kConfigurationLog.error("rotations of secrets are not noticed from now on: " + error.message());
  }
}

void Reloader::report_stores() {
  const std::lock_guard lock(reporting_);
  for (const secrets::StoreState& store : watched_.secrets->states()) {
    std::string& before = store_failures_[store.name];
    if (store.failure == before) continue;
    if (store.failure.empty())
      kConfigurationLog.info("a store of secrets is well again", {{"store", store.name}});
    else
      kConfigurationLog.warning("a store of secrets failed: " + store.failure, {{"store", store.name}});
    before = store.failure;
  }
}

void Reloader::report(const config::Reload& result, std::string_view cause) {
  const std::lock_guard lock(reporting_);
  failure_.clear();
  rotated_ = false;
  (result.changed ? applied_ : unchanged_).add();
  generation_.set(static_cast<double>(result.generation));
  if (result.changed)
    kConfigurationLog.info("the configuration was reloaded", {{"generation", result.generation}, {"cause", cause}});
  if (result.needs_restart == needs_restart_) return;
  needs_restart_ = result.needs_restart;
  if (!needs_restart_.empty())
    kConfigurationLog.warning("settings were changed that need a restart: " + joined(needs_restart_),
                              {{"cause", cause}});
}

void Reloader::report_failure(const std::string& reason, std::string_view cause) {
  const std::lock_guard lock(reporting_);
  refused_.add();
  if (reason == failure_) return;
  failure_ = reason;
  kConfigurationLog.error("the configuration was not reloaded, the one of before stays: " + reason,
                          {{"generation", configuration_.generation()}, {"cause", cause}});
}

std::string Reloader::failure() {
  const std::lock_guard lock(reporting_);
  return failure_;
}

}  // namespace marty::service
