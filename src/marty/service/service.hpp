// Service: the composition root. Says what the service is made of; run() checks it, starts it, serves, and stops it on
// SIGTERM.
//
//   int main(int argc, char** argv) {
//     marty::Service service("petstore", argc, argv);
//     service.database("sqlite", sqlite::driver);           // its options: the section database.sqlite
//     service.provide([](Database& database) { return Pets(database); });   // dependencies are named by type
//     service.get("/api/v1/pets/{id}", get_pet, "Get one pet");
//     return service.run();
//   }
//
// Everything is declared first and happens in run() (or start(), in tests): configuration, migrations, dependencies,
// hooks, listening. What is wrong – an unknown key, a missing dependency, a taken port – ends it within seconds with a
// message that says what to do, and exit code 1. Served besides the routes: /health/live, /health/ready,
// /health/startup, /health, /info, /metrics, /openapi.json, /docs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/config/configuration.hpp"
#include "marty/config/plugins.hpp"
#include "marty/config/variables.hpp"
#include "marty/data/database.hpp"
#include "marty/flags/flags.hpp"
#include "marty/health/health.hpp"
#include "marty/secrets/secrets.hpp"
#include "marty/service/lifecycle.hpp"
#include "marty/telemetry/log_sink.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/web/web.hpp"

namespace marty {

// Where a service looks for its configuration, for tests; run() takes these from the command line and the environment.
struct ServiceOptions {
  std::string directory = ".";             // of config/ and migrations/
  std::string environment;                 // empty: MARTY_ENV of `variables`, else development
  config::Variables variables;             // MARTY_SERVER__HTTP_PORT ...
  telemetry::LogSink* log_sink = nullptr;  // null: as the section logging says
  bool listen = true;                      // false: no sockets; requests come through app().handle()
};

// For the documentation, /info and --version; the section `service` of the configuration has the last word.
struct ServiceDescription {
  std::string version = "0.1.0";
  std::string description;        // CommonMark
  web::ApiLicense license;        // of the API
  std::vector<web::ApiTag> tags;  // what the tags of the routes stand for
};

class Service {
 public:
  explicit Service(std::string name, int argc = 0, const char* const* argv = nullptr);
  Service(std::string name, ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void describe(ServiceDescription description);

  // Routes: a path, a plain function, and what it does in a few words. See web/app.hpp.
  template <class Handler>
  web::RouteBuilder get(std::string_view path, Handler handler, std::string summary) {
    return app().get(path, std::move(handler), std::move(summary));
  }
  template <class Handler>
  web::RouteBuilder post(std::string_view path, Handler handler, std::string summary) {
    return app().post(path, std::move(handler), std::move(summary));
  }
  template <class Handler>
  web::RouteBuilder put(std::string_view path, Handler handler, std::string summary) {
    return app().put(path, std::move(handler), std::move(summary));
  }
  template <class Handler>
  web::RouteBuilder patch(std::string_view path, Handler handler, std::string summary) {
    return app().patch(path, std::move(handler), std::move(summary));
  }
  template <class Handler>
  web::RouteBuilder del(std::string_view path, Handler handler, std::string summary) {
    return app().del(path, std::move(handler), std::move(summary));
  }
  template <class Filter>
  void filter(std::string name, Filter filter) {
    app().filter(std::move(name), std::move(filter));
  }

  // A service of gRPC that protoc-gen-marty has made of a .proto, on the same port: service.grpc(v1::PetStore{.get_pet
  // = get_pet}, {.compression = true}). See grpc/api.hpp; CMake's marty_protobuf() links what it needs.
  template <class Api>
  auto grpc(Api api, const typename Api::Options& options = {}) {
    return api.add_to(app(), options);
  }

  // A dependency for the whole service, made by a factory whose parameters are its own needs.
  template <web::Callable Factory>
  void provide(Factory factory) {
    app().provide(std::move(factory));
  }

  // A section of the configuration as a typed dependency. What never changes while the service runs is taken as a
  // const Section&, by handlers, factories and hooks. Where fields are reloadable() – or the whole section is, by
  // `changes` – a handler's const Section& is what its request sees; who lives longer takes, or keeps, the
  // config::Live<Section>.
  template <class Section>
  config::Live<Section> configure(std::string section, config::Changes changes = config::Changes::by_field) {
    auto live = std::make_shared<config::Live<Section>>(configuration().section<Section>(std::move(section), changes));
    app().dependencies().use(*live);
    const auto get = [live]() -> const Section& { return **live; };
    if (changes == config::Changes::at_run_time || config::has_reloadable(reflect::type_of<Section>()))
      app().dependencies().per_request(get);
    else
      app().dependencies().provide(get);
    return *live;
  }

  // A place for secrets, by the name that secrets.order has for it and the function from its options, the section
  // secrets.NAME, to the store: service.secret_store("vault", vault::store).
  template <class Options>
  void secret_store(std::string name, std::unique_ptr<secrets::Store> (*store)(Options)) {
    auto options = std::make_shared<Options>();
    use_secret_store(std::move(name), reflect::type_of<Options>(), options,
                     [store, options](const config::Variables&) { return store(*options); });
  }
  template <class Options>
  void secret_store(std::string name,
                    std::unique_ptr<secrets::Store> (*store)(Options, const config::Variables& variables)) {
    auto options = std::make_shared<Options>();
    use_secret_store(std::move(name), reflect::type_of<Options>(), options,
                     [store, options](const config::Variables& variables) { return store(*options, variables); });
  }

  // Feature flags, the section feature_flags; a dependency, too. See flags/flags.hpp: declared before the start.
  flags::Flags& flags();
  // What is configured of plugins, in plugins/*.yaml; a dependency, too. See config/plugins.hpp. Without a call of this
  // there are none, and the folder is not looked at.
  config::Plugins& plugins();

  // The database, by the name of a driver and its function from options to driver: provides Database, data::Session
  // and, for each request that asks for it, a Transaction that commits when the handler returns – or, of a
  // stream, when its body was written – and rolls back when it throws. Its options are the section database.NAME.
  template <class Options>
  void database(std::string name, std::unique_ptr<data::Driver> (*driver)(Options)) {
    const auto options = configuration().section<Options>("database." + name);
    use_database(std::move(name),
                 [driver, options](const config::Generation& bound) { return driver(options.in(bound)); });
  }

  // Runs after the dependencies are built and before the first request; parameters are dependencies. What it throws
  // ends the start.
  template <web::Callable Hook>
  void on_start(std::string name, Hook hook) {
    add_hook({.name = std::move(name), .start = with_dependencies(std::move(hook))});
  }
  // Runs after the last request; hooks stop in reverse order.
  template <web::Callable Hook>
  void on_stop(std::string name, Hook hook) {
    add_hook({.name = std::move(name), .stop = with_dependencies(std::move(hook))});
  }
  void health_check(health::HealthCheck check);

  // Runs what the command line asks for – to serve, by default – and returns the exit code: 0; 1 for a failure, which
  // is printed; 2 for wrong usage.
  int run();

  // The parts of run() for tests and simulations, on a fiber of any world. start() throws what is wrong; stop() drains,
  // and does nothing where there was no start.
  void start();
  void stop() noexcept;
  runtime::Address address() const;       // where it listens; REQUIRES start()
  runtime::Address grpc_address() const;  // the same for gRPC, which may have a port of its own

  // Where the introspection pages are (admin/admin.hpp); nothing: nowhere. REQUIRES start().
  std::optional<runtime::Address> admin_address() const;

  web::App& app() noexcept;
  config::Configuration& configuration() noexcept;
  // REQUIRES start(). Throws as Configuration::reload() does; the log has it, too.
  config::Reload reload(std::string_view cause = "the program asked for it");
  secrets::Secrets& secrets() noexcept;  // REQUIRES start()
  Database& database() noexcept;         // REQUIRES start() and a driver
  telemetry::Metrics& metrics() noexcept;

 private:
  template <class Hook>
  std::function<void()> with_dependencies(Hook hook) {
    return with_dependencies(std::move(hook), typename web::Signature<Hook>::Parameters());
  }
  template <class Hook, class... P>
  std::function<void()> with_dependencies(Hook hook, web::TypeList<P...>) {
    return [this, hook = std::move(hook)]() mutable {
      hook(app().dependencies().template get<std::remove_cvref_t<P>>()...);
    };
  }
  void use_secret_store(std::string name, const reflect::Type& options_type, std::shared_ptr<void> options,
                        std::function<std::unique_ptr<secrets::Store>(const config::Variables&)> make);
  using MakeDriver = std::function<std::unique_ptr<data::Driver>(const config::Generation& bound)>;
  void use_database(std::string name, MakeDriver make_driver);
  void add_hook(service::Part part);

  class State;
  std::unique_ptr<State> state_;
};

// The wall clock of the current world.
inline Timestamp now() { return runtime::wall_now(); }

}  // namespace marty
