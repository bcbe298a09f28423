#include "marty/secrets/secrets.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::secrets {
namespace {

bool is_outage(Code code) { return code == Code::unavailable || code == Code::deadline_exceeded; }

}  // namespace

class Secrets::State {
 public:
  State(std::vector<Source> given, SecretsOptions chosen) : options(chosen) {
    for (Source& source : given) sources.push_back({std::move(source), {}, {}, Code::ok});
  }

  struct AskedSource {
    Source source;
    runtime::TimePoint down_until{};  // left alone until then
    std::string failure;              // of the last time; "" where it went well
    Code code;                        // of the failure
  };
  struct Known {
    Secret value;
    runtime::TimePoint read;  // when
  };

  std::optional<Secret> ask(AskedSource& asked, const Key& key);
  Secret read(const Key& key);
  // The value after asking again, or the old one where that cannot be; true where it is another one.
  bool renew(const Key& key, Known& known);
  void note(AskedSource& asked, Code code, const std::string& failure);
  void tell(const Key& key);

  const SecretsOptions options;
  runtime::Mutex asking;  // one question at a time: what all want to know is asked once
  std::vector<AskedSource> sources;
  std::map<std::string, Known> known;  // by Key::text()
  mutable std::mutex states;           // guards the failures, which others look at while a store is being asked
  std::vector<std::function<void(const Key&)>> notices;
};

void Secrets::State::note(AskedSource& asked, Code code, const std::string& failure) {
  const std::lock_guard lock(states);
  asked.code = code;
  asked.failure = failure;
  if (is_outage(code)) asked.down_until = runtime::after(options.back_off);
}

// Nothing: it has none, or is optional and cannot be asked.
std::optional<Secret> Secrets::State::ask(AskedSource& asked, const Key& key) {
  try {
    if (is_outage(asked.code) && runtime::now() < asked.down_until) throw Error(asked.code, asked.failure);
    std::optional<Found> found = asked.source.store->get(key);
    note(asked, Code::ok, "");
    if (!found) return std::nullopt;
    return std::move(found->value);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    // What is wrong with one key says nothing of the store.
    if (error.code() != Code::invalid_argument && runtime::now() >= asked.down_until)
      note(asked, error.code(), error.message());
    if (asked.source.optional && is_outage(error.code())) return std::nullopt;
    throw;
  }
}

Secret Secrets::State::read(const Key& key) {
  std::string names;
  for (AskedSource& asked : sources) {
    if (std::optional<Secret> found = ask(asked, key)) return std::move(*found);
    names += (names.empty() ? "" : ", ") + std::string(asked.source.store->name());
    if (is_outage(asked.code)) names += " (which cannot be asked now)";
  }
  if (names.empty()) throw Error(Code::not_found, "there is no place to look for secrets: see secrets.order");
  throw Error(Code::not_found, "there is no secret " + key.text() + "; asked: " + names);
}

bool Secrets::State::renew(const Key& key, Known& entry) {
  try {
    Secret value = read(key);
    const bool changed = !(value == entry.value);
    entry = {std::move(value), runtime::now()};
    return changed;
  } catch (const Error& error) {
    const bool too_old = runtime::now() - entry.read > options.ttl + options.max_stale;
    if (!is_outage(error.code()) || too_old) throw;
    return false;
  }
}

void Secrets::State::tell(const Key& key) {
  for (const auto& notice : notices) notice(key);
}

Secrets::Secrets(std::vector<Source> sources, SecretsOptions options)
    : state_(std::make_unique<State>(std::move(sources), options)) {}
Secrets::~Secrets() = default;

Secret Secrets::get(const Key& key) {
  State& state = *state_;
  bool rotated = false;
  Secret value;
  {
    const std::lock_guard lock(state.asking);
    const auto known = state.known.find(key.text());
    if (known == state.known.end()) {
      value = state.read(key);
      state.known.emplace(key.text(), State::Known{value, runtime::now()});
    } else {
      if (runtime::now() - known->second.read >= state.options.ttl) rotated = state.renew(key, known->second);
      value = known->second.value;
    }
  }
  if (rotated) state.tell(key);
  return value;
}

bool Secrets::refresh(const Key& key) {
  State& state = *state_;
  bool rotated = false;
  {
    const std::lock_guard lock(state.asking);
    const auto known = state.known.find(key.text());
    rotated = known != state.known.end() && state.renew(key, known->second);
  }
  if (rotated) state.tell(key);
  return rotated;
}

std::vector<Key> Secrets::refresh() {
  State& state = *state_;
  std::vector<Key> rotated;
  {
    const std::lock_guard lock(state.asking);
    for (auto& [text, entry] : state.known) {
      const Key key = Key::parse(text);
      try {
        if (state.renew(key, entry)) rotated.push_back(key);
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) throw;  // any other is a state of its store, or shows at the next get()
      }
    }
  }
  for (const Key& key : rotated) state.tell(key);
  return rotated;
}

void Secrets::on_rotation(std::function<void(const Key&)> notice) { state_->notices.push_back(std::move(notice)); }

std::vector<StoreState> Secrets::check() {
  State& state = *state_;
  {
    const std::lock_guard lock(state.asking);
    for (State::AskedSource& asked : state.sources) {
      try {
        asked.source.store->check();
        state.note(asked, Code::ok, "");
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) throw;
        state.note(asked, error.code(), error.message());
      }
    }
  }
  return states();
}

std::vector<StoreState> Secrets::states() const {
  std::vector<StoreState> all;
  const std::lock_guard lock(state_->states);
  for (const State::AskedSource& asked : state_->sources)
    all.push_back({std::string(asked.source.store->name()), asked.source.optional, asked.failure});
  return all;
}

}  // namespace marty::secrets
