// Dependencies: the objects that handlers and factories ask for by type, and the order in which they are made.
//
//   Dependencies dependencies;
//   dependencies.provide([] { return Database("pets.db"); });
//   dependencies.provide([](Database& database) { return Pets(database); });      // the parameters are what it needs
//   dependencies.per_request([](Database& database) { return Transaction(database); },
//                            [](Transaction& transaction) { transaction.commit(); });
//   dependencies.start();                                                         // checks the graph, builds in order
//   dependencies.get<Pets>().count();
//
// A factory returns T, a std::unique_ptr<T> (which provides T) or a T&. What it returns by value need not be movable.
// Objects are shared by the fibers of all loops. Until start() everything belongs to one thread; afterwards get() and
// RequestScope are for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "marty/web/signature.hpp"

namespace marty::web {

// A factory with its types erased. `needs` are the objects behind `needs()`, in that order.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual void* create(void* storage, void* const* needs) = 0;  // the object, which may stand elsewhere than in storage
  virtual void destroy(void* storage) noexcept = 0;
  virtual void succeed(void*) {}        // of per-request values: the handler returned
  virtual void fail(void*) noexcept {}  // ... the handler, or a later succeed(), threw

  const TypeInfo* type = nullptr;
  std::vector<const TypeInfo*> needs;
  std::size_t size = 0;  // of the storage, in bytes
  std::size_t alignment = 1;
};

namespace internal {
struct DoNothing {
  template <class T>
  void operator()(T&) const noexcept {}
};
}  // namespace internal

// What a handler or a factory may ask for: T& or const T&.
template <class T>
concept DependencyParameter = std::is_lvalue_reference_v<T> && std::is_object_v<std::remove_reference_t<T>>;

class Dependencies {
 public:
  // How long an object lives, and so who may need it.
  enum class Lifetime : std::uint8_t { service, request, ambient };

  Dependencies();
  ~Dependencies();  // stop()
  Dependencies(const Dependencies&) = delete;
  Dependencies& operator=(const Dependencies&) = delete;

  // One object for the whole service. Throws Error(already_exists) where the type is provided already.
  template <Callable Factory>
  void provide(Factory factory);
  // An object of the caller's, which outlives this.
  template <class T>
  void use(T& object) {
    add_existing(type_info<T>(), std::addressof(object));
  }
  // The same, in place of what was provided: for tests.
  template <class T>
  void replace(T& object) {
    remove(type_info<T>());
    use(object);
  }

  // A fresh object for each request that asks for it, the same one wherever that request asks. When the handler has
  // returned, on_success(T&) is called before the reply is sent; what it throws becomes the reply. When the handler
  // threw, on_failure(T&) is called. Then the object is destroyed.
  template <Callable Factory>
  void per_request(Factory factory) {
    per_request(std::move(factory), internal::DoNothing(), internal::DoNothing());
  }
  template <Callable Factory, class OnSuccess>
  void per_request(Factory factory, OnSuccess on_success) {
    per_request(std::move(factory), std::move(on_success), internal::DoNothing());
  }
  template <Callable Factory, class OnSuccess, class OnFailure>
  void per_request(Factory factory, OnSuccess on_success, OnFailure on_failure);

  // An object that every RequestScope brings along, at `index` of its array: the request itself, the caller.
  template <class T>
  void ambient(std::uint32_t index) {
    add_ambient(type_info<T>(), index);
  }

  // Whether somebody provides it, for the whole service or for each request.
  template <class T>
  bool provides() const noexcept {
    return find(type_info<T>()) != nullptr;
  }

  // A need from outside, such as a handler's parameter, to be checked by start(). `who` starts the message: "GET
  // /pets".
  void require(const TypeInfo& type, std::string who);

  // Checks the graph and builds every service-wide object, each after its needs. Throws Error(failed_precondition) that
  // lists everything missing, every cycle and every service-wide object that needs a per-request one, with the chain
  // that leads there. What a factory throws is passed on as the cause of an Error that names its type; what was built
  // is destroyed.
  void start();
  // Destroys in reverse order.
  void stop() noexcept;
  bool started() const noexcept { return started_; }
  // The types built by start(), in order: for a log line.
  std::vector<std::string_view> order() const;

  // REQUIRES start(). Throws Error(failed_precondition) where T is not provided for the whole service.
  template <class T>
  T& get() const {
    return *static_cast<T*>(get_erased(type_info<T>()));
  }

  // Where an object comes from, resolved once per handler parameter. REQUIRES start() and a type that was require()d.
  struct Source {
    void* object = nullptr;   // of a service-wide object
    std::uint32_t entry = 0;  // else its number
  };
  Source source(const TypeInfo& type) const;

 private:
  friend class RequestScope;
  struct Entry;
  enum class Mark : std::uint8_t { white, grey, black };

  void add(std::unique_ptr<Provider> provider, Lifetime lifetime);
  void add_existing(const TypeInfo& type, const void* object);
  void add_ambient(const TypeInfo& type, std::uint32_t index);
  Entry& new_entry(const TypeInfo& type);
  void remove(const TypeInfo& type);
  const Entry* find(const TypeInfo& type) const noexcept;
  void* get_erased(const TypeInfo& type) const;
  void refuse_when_started() const;
  void visit(std::uint32_t entry, std::vector<std::uint32_t>& path, std::vector<Mark>& marks,
             std::vector<std::string>& problems);
  void check_need(const Entry& entry, const TypeInfo& need, std::vector<std::uint32_t>& path, std::vector<Mark>& marks,
                  std::vector<std::string>& problems);
  void build(Entry& entry);

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> order_;  // of building
  std::vector<std::pair<const TypeInfo*, std::string>> required_;
  bool started_ = false;
};

// The per-request objects of one request: made when first asked for, destroyed in reverse order. Lives on the handler's
// stack.
class RequestScope {
 public:
  RequestScope(const Dependencies& dependencies, void* const* ambient)
      : dependencies_(dependencies), ambient_(ambient) {}
  ~RequestScope();  // fail() where neither succeed() nor fail() was called
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

  void* get(const Dependencies::Source& source) { return source.object != nullptr ? source.object : get(source.entry); }
  void succeed();  // last made first; passes on what throws, after fail() for the rest
  void fail() noexcept;

 private:
  struct Made {
    Made* before;
    Provider* provider;
    void* storage;
    void* object;
    std::uint32_t entry;
  };
  void* get(std::uint32_t entry);
  void* allocate(std::size_t size, std::size_t alignment);
  void release(void* storage, std::size_t alignment) noexcept;

  const Dependencies& dependencies_;
  void* const* ambient_;
  Made* last_ = nullptr;       // all of them, newest first
  Made* unsettled_ = nullptr;  // from here on neither succeeded nor failed
  std::size_t arena_used_ = 0;
  alignas(std::max_align_t) std::byte arena_[384];  // small objects need no allocation of their own
};

// Templates only from here on.

namespace internal {

// What a factory's result provides, and how it is kept.
template <class Result>
struct Provided {
  using Type = Result;
  using Storage = Result;
  static void* object(Result& storage) { return std::addressof(storage); }
};
template <class T, class Deleter>
struct Provided<std::unique_ptr<T, Deleter>> {
  using Type = T;
  using Storage = std::unique_ptr<T, Deleter>;
  static void* object(Storage& storage) { return storage.get(); }
};
template <class T>
struct Provided<T&> {
  using Type = std::remove_const_t<T>;
  struct Storage {
    T& reference;
  };
  static void* object(Storage& storage) { return const_cast<Type*>(std::addressof(storage.reference)); }
};

template <class Parameter>
Parameter need_as(void* object) {
  return *static_cast<std::remove_reference_t<Parameter>*>(object);
}

template <class Factory, class OnSuccess, class OnFailure, class Parameters = typename Signature<Factory>::Parameters>
class FactoryProvider;

template <class Factory, class OnSuccess, class OnFailure, class... P>
class FactoryProvider<Factory, OnSuccess, OnFailure, TypeList<P...>> final : public Provider {
  static_assert((DependencyParameter<P> && ...),
                "a factory takes its needs by reference: [](Database& database) { ... }");
  using Traits = Provided<typename Signature<Factory>::Result>;
  using Storage = typename Traits::Storage;
  using T = typename Traits::Type;

 public:
  FactoryProvider(Factory factory, OnSuccess on_success, OnFailure on_failure)
      : factory_(std::move(factory)), on_success_(std::move(on_success)), on_failure_(std::move(on_failure)) {
    type = &type_info<T>();
    (needs.push_back(&type_info<std::remove_cvref_t<P>>()), ...);
    size = sizeof(Storage);
    alignment = alignof(Storage);
  }

  void* create(void* storage, void* const* needs_given) override {
    return create(storage, needs_given, std::make_index_sequence<sizeof...(P)>());
  }
  void destroy(void* storage) noexcept override { static_cast<Storage*>(storage)->~Storage(); }
  void succeed(void* object) override { on_success_(*static_cast<T*>(object)); }
  void fail(void* object) noexcept override { on_failure_(*static_cast<T*>(object)); }

 private:
  template <std::size_t... I>
  void* create(void* storage, [[maybe_unused]] void* const* needs_given, std::index_sequence<I...>) {
    return Traits::object(*::new (storage) Storage(factory_(need_as<P>(needs_given[I])...)));
  }
  Factory factory_;
  OnSuccess on_success_;
  OnFailure on_failure_;
};

}  // namespace internal

template <Callable Factory>
void Dependencies::provide(Factory factory) {
  using Adapter = internal::FactoryProvider<Factory, internal::DoNothing, internal::DoNothing>;
  add(std::make_unique<Adapter>(std::move(factory), internal::DoNothing(), internal::DoNothing()), Lifetime::service);
}

template <Callable Factory, class OnSuccess, class OnFailure>
void Dependencies::per_request(Factory factory, OnSuccess on_success, OnFailure on_failure) {
  using Adapter = internal::FactoryProvider<Factory, OnSuccess, OnFailure>;
  add(std::make_unique<Adapter>(std::move(factory), std::move(on_success), std::move(on_failure)), Lifetime::request);
}

}  // namespace marty::web
