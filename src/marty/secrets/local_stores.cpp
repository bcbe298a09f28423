#include "marty/secrets/local_stores.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "marty/base/error.hpp"

namespace marty::secrets {
namespace {

// The variable of a path: shop/data-base -> SHOP__DATA_BASE. Levels stay apart, as they do in MARTY_ variables.
std::string variable_name(std::string_view path) {
  std::string name;
  for (const char c : path) {
    if (c == '/')
      name += "__";
    else if (c == '-' || c == '.')
      name += '_';
    else
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  }
  return name;
}

class EnvironmentStore final : public Store {
 public:
  EnvironmentStore(EnvironmentOptions options, std::function<const std::string*(std::string_view)> variables)
      : prefix_(std::move(options.prefix)), variables_(std::move(variables)) {}

  std::string_view name() const noexcept override { return "environment"; }
  void check() override {}

  // The field is a variable of its own, or a member of what the variable holds.
  std::optional<Found> get(const Key& key) override {
    const std::string name = prefix_ + variable_name(key.path);
    if (!key.field.empty()) {
      if (const std::string* const own = variables_(name + "__" + variable_name(key.field)))
        return Found{Secret(*own), ""};
    }
    const std::string* const value = variables_(name);
    if (value == nullptr) return std::nullopt;
    return Found{select_field(Secret(*value), key, "environment"), ""};
  }

 private:
  const std::string prefix_;
  const std::function<const std::string*(std::string_view)> variables_;
};

}  // namespace

class MemoryStore::State {
 public:
  std::mutex mutex;
  std::map<std::string, Secret> values;
};

MemoryStore::MemoryStore(MemoryOptions options) : state_(std::make_unique<State>()) {
  state_->values = std::move(options.values);
}
MemoryStore::~MemoryStore() = default;

std::optional<Found> MemoryStore::get(const Key& key) {
  Secret value;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->values.find(key.path);
    if (found == state_->values.end()) return std::nullopt;
    value = found->second;
  }
  return Found{select_field(std::move(value), key, name()), ""};
}

void MemoryStore::put(const std::string& path, Secret value) {
  const std::lock_guard lock(state_->mutex);
  state_->values.insert_or_assign(path, std::move(value));
}

void MemoryStore::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  state_->values.erase(path);
}

std::unique_ptr<Store> environment_store(EnvironmentOptions options,
                                         std::function<const std::string*(std::string_view)> variables) {
  return std::make_unique<EnvironmentStore>(std::move(options), std::move(variables));
}

}  // namespace marty::secrets
