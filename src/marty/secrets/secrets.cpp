#include "marty/secrets/secrets.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
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

  // What several stores say of a key.
  struct Answer {
    std::optional<Secret> value;
    bool skipped = false;  // an optional one could not be asked: there may be more
    std::string asked;     // "vault (which cannot be asked now), file"
  };

  std::optional<Secret> ask(AskedSource& asked, const Key& key);
  Answer read(const Key& key);
  static Secret value_of(Answer answer, const Key& key);
  std::optional<Secret> fresh(const Key& key);
  bool knows(const Key& key) const {
    const std::lock_guard lock(values);
    return known.contains(key.text());
  }
  Secret last_known(const Key& key) const {
    const std::lock_guard lock(values);
    return known.at(key.text()).value;
  }
  std::vector<Key> known_keys() const;
  std::vector<Key> take_rotated();
  void keep(const Key& key, Secret value);
  // Asks again, and keeps the old value where that cannot be; true where it is another one.
  bool renew(const Key& key);
  void note(AskedSource& asked, Code code, const std::string& failure);
  void tell(const Key& key);

  const SecretsOptions options;
  runtime::Mutex asking;  // one question at a time: what all want to know is asked once
  std::vector<AskedSource> sources;
  mutable std::mutex values;           // guards the next two, which others look at while a store is being asked
  std::map<std::string, Known> known;  // by Key::text()
  std::set<std::string> rotated;       // keys that changed, and refresh() has not told yet
  mutable std::mutex states;           // guards the failures: the same
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
    const bool ours = error.code() == Code::deadline_exceeded && runtime::now() >= runtime::deadline();
    if (error.code() == Code::cancelled || ours) throw;
    // Only its answer says that a store has nothing; what vanished under its hands is for another time.
    const Code code = error.code() == Code::not_found ? Code::unavailable : error.code();
    // What is wrong with one key says nothing of the store.
    if (code != Code::invalid_argument && runtime::now() >= asked.down_until) note(asked, code, error.message());
    if (asked.source.optional && is_outage(code)) return std::nullopt;
    if (code == error.code()) throw;
    throw Error(code, error.message(), std::current_exception());
  }
}

Secrets::State::Answer Secrets::State::read(const Key& key) {
  Answer answer;
  for (AskedSource& asked : sources) {
    answer.value = ask(asked, key);
    if (answer.value) return answer;
    answer.asked += (answer.asked.empty() ? "" : ", ") + std::string(asked.source.store->name());
    if (!is_outage(asked.code)) continue;
    answer.skipped = true;
    answer.asked += " (which cannot be asked now)";
  }
  return answer;
}

Secret Secrets::State::value_of(Answer answer, const Key& key) {
  if (answer.value) return std::move(*answer.value);
  if (answer.asked.empty()) throw Error(Code::not_found, "there is no place to look for secrets: see secrets.order");
  throw Error(Code::not_found, "there is no secret " + key.text() + "; asked: " + answer.asked);
}

std::vector<Key> Secrets::State::known_keys() const {
  std::vector<Key> keys;
  const std::lock_guard lock(values);
  for (const auto& [text, entry] : known) keys.push_back(Key::parse(text));
  return keys;
}

std::vector<Key> Secrets::State::take_rotated() {
  std::vector<Key> keys;
  const std::lock_guard lock(values);
  for (const std::string& text : rotated) keys.push_back(Key::parse(text));
  rotated.clear();
  return keys;
}

std::optional<Secret> Secrets::State::fresh(const Key& key) {
  const std::lock_guard lock(values);
  const auto found = known.find(key.text());
  if (found == known.end() || runtime::now() - found->second.read >= options.ttl) return std::nullopt;
  return found->second.value;
}

void Secrets::State::keep(const Key& key, Secret value) {
  const std::lock_guard lock(values);
  known.insert_or_assign(key.text(), Known{std::move(value), runtime::now()});
}

bool Secrets::State::renew(const Key& key) {
  Known before;
  {
    const std::lock_guard lock(values);
    before = known.at(key.text());
  }
  const bool too_old = runtime::now() - before.read > options.ttl + options.max_stale;
  try {
    Answer answer = read(key);
    if (answer.skipped && !too_old) return false;
    Secret value = value_of(std::move(answer), key);
    const bool changed = !(value == before.value);
    keep(key, std::move(value));
    const std::lock_guard lock(values);
    if (changed) rotated.insert(key.text());
    return changed;
  } catch (const Error& error) {
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
  if (std::optional<Secret> value = state.fresh(key)) return std::move(*value);
  bool rotated = false;
  Secret value;
  {
    const std::lock_guard lock(state.asking);
    if (std::optional<Secret> meanwhile = state.fresh(key)) return std::move(*meanwhile);
    if (!state.knows(key)) {
      value = State::value_of(state.read(key), key);
      state.keep(key, value);
      return value;
    }
    rotated = state.renew(key);
    value = state.last_known(key);
  }
  if (rotated) state.tell(key);
  return value;
}

bool Secrets::refresh(const Key& key) {
  State& state = *state_;
  bool rotated = false;
  {
    const std::lock_guard lock(state.asking);
    rotated = state.knows(key) && state.renew(key);
  }
  if (rotated) state.tell(key);
  return rotated;
}

std::vector<Key> Secrets::refresh() {
  State& state = *state_;
  for (const Key& key : state.known_keys()) {
    bool rotated = false;
    try {
      const std::lock_guard lock(state.asking);
      rotated = state.renew(key);
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;  // any other is a state of its store, or shows at the next get()
    }
    if (rotated) state.tell(key);
  }
  return state.take_rotated();
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
