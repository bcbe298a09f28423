#include "marty/web/dependencies.hpp"

#include <algorithm>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"

namespace marty::web {

struct Dependencies::Entry {
  const TypeInfo* type = nullptr;
  Lifetime lifetime = Lifetime::service;
  std::unique_ptr<Provider> provider;  // null: the object is the caller's, or ambient
  void* storage = nullptr;             // of a service-wide object
  void* object = nullptr;
  std::uint32_t ambient_index = 0;
  std::vector<std::uint32_t> needs;  // numbers of entries, known after the check
};

namespace {

constexpr std::size_t kMaxNeeds = 32;

void* allocate_storage(const Provider& provider) {
  return ::operator new(std::max<std::size_t>(provider.size, 1), std::align_val_t(provider.alignment));
}
void free_storage(const Provider& provider, void* storage) noexcept {
  ::operator delete(storage, std::align_val_t(provider.alignment));
}

std::string quoted(const TypeInfo& type) { return std::string(type.name); }

}  // namespace

Dependencies::Dependencies() = default;
Dependencies::~Dependencies() { stop(); }

void Dependencies::refuse_when_started() const {
  if (started_) throw Error(Code::failed_precondition, "dependencies are provided before the start, not after it");
}

Dependencies::Entry& Dependencies::new_entry(const TypeInfo& type) {
  refuse_when_started();
  if (find(type) != nullptr) {
    throw Error(Code::already_exists,
                quoted(type) + " is provided twice; use replace() to put another object in its place");
  }
  Entry& entry = entries_.emplace_back();
  entry.type = &type;
  return entry;
}

void Dependencies::add(std::unique_ptr<Provider> provider, Lifetime lifetime) {
  if (provider->needs.size() > kMaxNeeds) {
    throw Error(Code::invalid_argument, "the factory of " + quoted(*provider->type) + " has more than 32 parameters");
  }
  Entry& entry = new_entry(*provider->type);
  entry.lifetime = lifetime;
  entry.provider = std::move(provider);
}

void Dependencies::add_existing(const TypeInfo& type, const void* object) {
  new_entry(type).object = const_cast<void*>(object);
}

void Dependencies::add_ambient(const TypeInfo& type, std::uint32_t index) {
  Entry& entry = new_entry(type);
  entry.lifetime = Lifetime::ambient;
  entry.ambient_index = index;
}

void Dependencies::remove(const TypeInfo& type) {
  refuse_when_started();
  std::erase_if(entries_, [&](const Entry& entry) { return entry.type == &type; });
}

void Dependencies::require(const TypeInfo& type, std::string who) {
  refuse_when_started();
  required_.emplace_back(&type, std::move(who));
}

const Dependencies::Entry* Dependencies::find(const TypeInfo& type) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.type == &type) return &entry;
  }
  return nullptr;
}

void* Dependencies::get_erased(const TypeInfo& type) const {
  const Entry* entry = find(type);
  if (entry != nullptr && entry->object != nullptr && (started_ || !entry->provider)) return entry->object;
  if (entry == nullptr) throw Error(Code::failed_precondition, "nobody provides " + quoted(type));
  throw Error(Code::failed_precondition,
              quoted(type) + (entry->lifetime == Lifetime::service ? " does not exist before the start"
                                                                   : " exists within a request only"));
}

Dependencies::Source Dependencies::source(const TypeInfo& type) const {
  const Entry* entry = find(type);
  MARTY_CHECK(entry != nullptr && started_);
  return {entry->object, std::uint32_t(entry - entries_.data())};
}

std::vector<std::string_view> Dependencies::order() const {
  std::vector<std::string_view> names;
  for (const std::uint32_t index : order_) names.push_back(entries_[index].type->name);
  return names;
}

namespace {

std::string missing(std::string_view who, const TypeInfo& type) {
  return std::string(who) + " needs " + quoted(type) +
         ", which nobody provides: add provide(...) with a factory that returns it";
}

}  // namespace

// Depth first; `path` leads from the root to `index`.
void Dependencies::visit(std::uint32_t index, std::vector<std::uint32_t>& path, std::vector<Mark>& marks,
                         std::vector<std::string>& problems) {
  if (marks[index] == Mark::black) return;
  if (marks[index] == Mark::grey) {
    std::string chain;
    for (auto at = std::find(path.begin(), path.end(), index); at != path.end(); ++at) {
      chain += quoted(*entries_[*at].type) + " needs ";
    }
    problems.push_back("a cycle: " + chain + quoted(*entries_[index].type));
    return;
  }
  marks[index] = Mark::grey;
  path.push_back(index);
  Entry& entry = entries_[index];
  if (entry.provider) {
    for (const TypeInfo* need : entry.provider->needs) check_need(entry, *need, path, marks, problems);
  }
  path.pop_back();
  marks[index] = Mark::black;
  if (entry.lifetime == Lifetime::service && entry.provider) order_.push_back(index);
}

void Dependencies::check_need(const Entry& entry, const TypeInfo& type, std::vector<std::uint32_t>& path,
                              std::vector<Mark>& marks, std::vector<std::string>& problems) {
  const Entry* need = find(type);
  if (need == nullptr) {
    problems.push_back(missing(quoted(*entry.type), type));
    return;
  }
  if (entry.lifetime == Lifetime::service && need->lifetime != Lifetime::service) {
    problems.push_back(quoted(*entry.type) + " lives as long as the service, but needs " + quoted(type) +
                       ", which lives for one request: make it per_request() too, or hand " + quoted(type) +
                       " to its methods");
    return;
  }
  const auto index = std::uint32_t(need - entries_.data());
  entries_[path.back()].needs.push_back(index);
  visit(index, path, marks, problems);
}

void Dependencies::start() {
  refuse_when_started();
  order_.clear();
  for (Entry& entry : entries_) entry.needs.clear();
  std::vector<std::string> problems;
  std::vector<Mark> marks(entries_.size(), Mark::white);
  std::vector<std::uint32_t> path;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) visit(i, path, marks, problems);
  for (const auto& [type, who] : required_) {
    if (find(*type) == nullptr) problems.push_back(missing(who, *type));
  }
  if (!problems.empty()) {
    std::string text = "the dependencies do not fit together: ";
    for (std::size_t i = 0; i < problems.size(); ++i) text += (i == 0 ? "" : "; ") + problems[i];
    throw Error(Code::failed_precondition, std::move(text));
  }
  started_ = true;
  try {
    for (const std::uint32_t index : order_) build(entries_[index]);
  } catch (...) {
    stop();
    throw;
  }
}

void Dependencies::build(Entry& entry) {
  void* needs[kMaxNeeds];
  for (std::size_t i = 0; i < entry.needs.size(); ++i) needs[i] = entries_[entry.needs[i]].object;
  void* storage = allocate_storage(*entry.provider);
  try {
    entry.object = entry.provider->create(storage, needs);
  } catch (const Error& error) {
    free_storage(*entry.provider, storage);
    throw error.with_message("cannot make " + quoted(*entry.type) + ": " + error.message());
  } catch (const std::exception& error) {
    free_storage(*entry.provider, storage);
    throw Error(Code::internal, "cannot make " + quoted(*entry.type) + ": " + error.what(), std::current_exception());
  } catch (...) {
    free_storage(*entry.provider, storage);
    throw;
  }
  entry.storage = storage;
  if (entry.object == nullptr)
    throw Error(Code::internal, "the factory of " + quoted(*entry.type) + " returned a null pointer");
}

void Dependencies::stop() noexcept {
  for (auto index = order_.rbegin(); index != order_.rend(); ++index) {
    Entry& entry = entries_[*index];
    if (entry.storage == nullptr) continue;
    entry.provider->destroy(entry.storage);
    free_storage(*entry.provider, entry.storage);
    entry.storage = nullptr;
    entry.object = nullptr;
  }
  started_ = false;
}

void* RequestScope::get(std::uint32_t index) {
  const Dependencies::Entry& entry = dependencies_.entries_[index];
  if (entry.lifetime == Dependencies::Lifetime::ambient) return ambient_[entry.ambient_index];
  if (entry.object != nullptr) return entry.object;
  for (const Made* made = last_; made != nullptr; made = made->before) {
    if (made->entry == index) return made->object;
  }
  void* needs[kMaxNeeds];
  for (std::size_t i = 0; i < entry.needs.size(); ++i) needs[i] = get(entry.needs[i]);
  Provider& provider = *entry.provider;
  auto* made = static_cast<Made*>(allocate(sizeof(Made), alignof(Made)));
  void* storage = nullptr;
  try {
    storage = allocate(provider.size, provider.alignment);
    *made = {last_, &provider, storage, provider.create(storage, needs), index};
  } catch (...) {
    if (storage != nullptr) release(storage, provider.alignment);
    release(made, alignof(Made));
    throw;
  }
  last_ = unsettled_ = made;
  if (made->object == nullptr)
    throw Error(Code::internal, "the factory of " + quoted(*entry.type) + " returned a null pointer");
  return made->object;
}

void* RequestScope::allocate(std::size_t size, std::size_t alignment) {
  const std::size_t start = (arena_used_ + alignment - 1) / alignment * alignment;
  if (alignment > alignof(std::max_align_t) || start + size > sizeof arena_) {
    return ::operator new(std::max<std::size_t>(size, 1), std::align_val_t(alignment));
  }
  arena_used_ = start + size;
  return arena_ + start;
}

void RequestScope::release(void* storage, std::size_t alignment) noexcept {
  if (storage >= arena_ && storage < arena_ + sizeof arena_) return;
  ::operator delete(storage, std::align_val_t(alignment));
}

void RequestScope::succeed() {
  while (unsettled_ != nullptr) {
    const Made& made = *unsettled_;
    unsettled_ = made.before;
    try {
      made.provider->succeed(made.object);
    } catch (...) {
      made.provider->fail(made.object);
      throw;  // the rest fails in fail()
    }
  }
}

void RequestScope::fail() noexcept {
  while (unsettled_ != nullptr) {
    const Made& made = *unsettled_;
    unsettled_ = made.before;
    made.provider->fail(made.object);
  }
}

RequestScope::~RequestScope() {
  fail();
  while (last_ != nullptr) {
    Made* made = last_;
    last_ = made->before;
    made->provider->destroy(made->storage);
    release(made->storage, made->provider->alignment);
    release(made, alignof(Made));
  }
}

}  // namespace marty::web
