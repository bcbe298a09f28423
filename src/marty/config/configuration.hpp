// Configuration: the sections of a program while it runs. It is loaded once, and anew whenever something changed; each
// time that gives a generation, which is immutable and seen whole or not at all.
//
//   config::Configuration configuration({.directory = "config", .variables = config::environment_variables()});
//   config::Live<ShopSection> shop = configuration.section<ShopSection>("shop");
//   configuration.subscribe("log level", [&](const config::Generation& next) {
//     const Level level = logging.in(next).level;                  // prepare: throw an Error to refuse
//     return [level] { set_level(level); };                       // commit: once all have prepared; must not throw
//   });
//   configuration.start();                                        // throws, listing all that is wrong
//   shop->greeting;                                               // a few loads: no lock, no reference count
//   configuration.reload();                                       // throws, and then nothing has changed anywhere
//   configuration.set("shop.greeting", "good day");               // the same, with a value over all that is written
//
// A request – whatever has a telemetry::Context with a pin – sees the generation that was current when it began, to its
// end. Elsewhere a reference is good until the fiber next waits; who needs it for longer takes a pin().
//
// Which fields may change at run time says their struct: rules().reloadable(). The others keep their value, and
// reload() names those for which that is not what is written now: they need a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/config/config.hpp"
#include "marty/runtime/published.hpp"
#include "marty/telemetry/context.hpp"

namespace marty::config {

// All sections as they were at one time.
class Generation {
 public:
  Generation(Tree loaded, std::vector<std::shared_ptr<const void>> bound)
      : tree(std::move(loaded)), sections(std::move(bound)) {}

  Tree tree;                                          // where everything came from; not to be bound again
  std::vector<std::shared_ptr<const void>> sections;  // and what is derived, in the order of their declaration
};

// What a reload led to.
struct Reload {
  std::uint64_t generation = 0;            // the current one
  bool changed = false;                    // false: everything is written as before, and the generation is the old one
  std::vector<std::string> needs_restart;  // keys that are written otherwise, and cannot change at run time
};

template <class T>
class Live;

// See above. Declared by one thread; start() and everything after it on fibers of one world.
class Configuration {
 public:
  // What a subscriber does in a commit. Empty: nothing. Must not throw: others follow all the same, and the log has it.
  // Not interrupted by cancellation and deadlines. Destroyed without being called where another one refuses.
  using Commit = std::function<void()>;
  // Throws Error to refuse.
  using Prepare = std::function<Commit(const Generation& next)>;

  explicit Configuration(LoadOptions options);
  ~Configuration();  // REQUIRES that nothing is pinned
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  // Before start(). A section may be declared more than once, with the same type.
  template <class T>
  Live<T> section(std::string path, Changes changes = Changes::by_field) {
    return Live<T>(*this, declare(std::move(path), reflect::type_of<T>(), changes,
                                  [] { return std::static_pointer_cast<void>(std::make_shared<T>()); }));
  }
  // The part of section() that knows no type; `make` gives a T{}. Returns the number of the section.
  std::size_t declare(std::string path, const reflect::Type& type, Changes changes,
                      std::function<std::shared_ptr<void>()> make);
  // Something that is made of each generation, once its sections are bound and before anyone has it: an index, a
  // decision that takes several sections. What is wrong `make` reports to bound.tree. At a reload it is made of what is
  // written, and then of what will run. Before start().
  template <class T>
  Live<T> derive(std::function<T(Generation& bound)> make) {
    return Live<T>(*this, derive_object([make = std::move(make)](Generation& bound) {
      return std::static_pointer_cast<const void>(std::make_shared<const T>(make(bound)));
    }));
  }
  // What goes beyond what is written in a section: files that have to be there, ports that must differ. What is wrong
  // `check` reports to bound.tree. It runs where all of `sections` are right in themselves: at start() and verify(),
  // and at a reload where one of them is written otherwise than it runs – a certificate that has expired meanwhile must
  // not keep a switch from being thrown. It must not change anything. Before start().
  void check(std::vector<std::string> sections, std::function<void(Generation& bound)> check);
  // Declares the sections that are known only once there is something to look at, at start(). Before start().
  void declare_found(std::function<void(const Tree& loaded)> declare);
  // Before start(). Prepared and committed in the order of their subscription.
  void subscribe(std::string name, Prepare prepare);
  // Makes what ${SECRET:...} is looked up in, once at start(), from what the tree says of that. Before start().
  void use_secrets(std::function<FindSecret(Tree&)> make);
  // Where to look; may be changed before start().
  LoadOptions& options() noexcept { return options_; }

  // What start() would load, with all that is wrong with what is written; references to secrets are looked up. For
  // tools, in place of start().
  Tree inspect();
  // The same, with all that start() would refuse: what the checks find, and what a subscriber says to it.
  Tree verify();

  // The first generation. Throws Error(invalid_argument) as Tree::finish() does, and what load() throws.
  void start();
  bool started() const noexcept { return published_ != nullptr; }

  // Reads everything again. Throws what start() may – of what is written, whether or not it needs a restart –, and
  // Error(failed_precondition) where a subscriber refuses, naming it and its reason; then everything stays as it was.
  // One at a time: others wait.
  Reload reload();
  // Lays a value, a text like that of a variable, over all that is written, and reloads. It stays until it is set to
  // nothing, or the program ends. Throws as reload() does, and Error(failed_precondition) where the key needs a
  // restart.
  Reload set(std::string key, std::optional<std::string> value);

  std::uint64_t generation() const noexcept { return published_->number(); }
  // The current one, up to the next wait; or that of the pin.
  const Generation& current() const noexcept { return published_->current(); }
  const Generation& of(const runtime::Pin& pin) const noexcept { return published_->value(pin); }
  runtime::Pin pin() const noexcept { return published_->pin(); }
  // What this fiber sees: the generation of its request, or the current one.
  const Generation& seen() const noexcept { return published_->value(telemetry::current().generation); }

 private:
  using Derive = std::function<std::shared_ptr<const void>(Generation& bound)>;
  struct Section {
    std::string path;
    const reflect::Type* type;  // null: derived
    Changes changes;
    std::function<std::shared_ptr<void>()> make;
    Derive derive;
  };
  struct Subscriber {
    std::string name;
    Prepare prepare;
  };

  struct Check {
    std::vector<std::string> sections;
    std::function<void(Generation&)> run;
  };

  struct Prepared {
    const std::string* subscriber;
    Commit commit;
  };

  std::size_t derive_object(Derive derive);
  static Tree read(const LoadOptions& options);
  Generation bind(Tree tree) const;
  Generation bind_first();
  void run_checks(Generation& bound, const Generation* before) const;
  Generation bind_next(const LoadOptions& options, const Generation& before, std::vector<std::string>& kept) const;
  Reload reload(LoadOptions options, std::string_view must_change);
  std::vector<Prepared> prepare(const Generation& next) const;
  static void carry_out(const Prepared& prepared) noexcept;

  LoadOptions options_;
  std::vector<Section> sections_;
  std::vector<std::function<void(const Tree&)>> declare_found_;
  std::vector<Subscriber> subscribers_;
  std::vector<Check> checks_;
  std::function<FindSecret(Tree&)> make_secrets_;
  FindSecret find_secret_;
  runtime::Mutex reloading_;
  std::unique_ptr<runtime::Published<Generation>> published_;
};

// One section, as this fiber sees it. A small value to be copied and kept; REQUIRES a started Configuration that
// outlives it.
template <class T>
class Live {
 public:
  Live(const Configuration& configuration, std::size_t section) : configuration_(&configuration), section_(section) {}

  const T& operator*() const noexcept { return in(configuration_->seen()); }
  const T* operator->() const noexcept { return &**this; }
  const T& in(const Generation& generation) const noexcept {
    return *static_cast<const T*>(generation.sections[section_].get());
  }

 private:
  const Configuration* configuration_;
  std::size_t section_;
};

}  // namespace marty::config
