// SecretStores: the stores that a program brings, and those of them that its configuration asks.
//
//   SecretStores stores;                       // environment, file and memory are there already
//   stores.add("vault", reflect::type_of<vault::Options>(), options, [options] { return vault::store(*options); });
//   configuration.use_secrets([&](config::Tree& tree) { return stores.open(tree, configuration, hosting, variables);
//   });
//   ... configuration.start();
//   stores.secrets()->refresh();
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "marty/config/configuration.hpp"
#include "marty/config/hosting.hpp"
#include "marty/reflect/rules.hpp"
#include "marty/secrets/secrets.hpp"

namespace marty::service {

struct SecretsSection {
  std::optional<std::vector<std::string>> order;
  std::vector<std::string> optional;
  config::Duration ttl = std::chrono::minutes(5);
  config::Duration max_stale = std::chrono::hours(1);
  config::Duration refresh_interval = std::chrono::minutes(1);

  static constexpr auto rules = marty::rules(
      field<&SecretsSection::order>.description("The stores to ask for a secret, one after the other, each with a "
                                                "section of its name; default: by where the program runs"),
      field<&SecretsSection::optional>.optional().description(
          "Those of them that count as having nothing while they cannot be asked"),
      field<&SecretsSection::ttl>.description("How long a value is given without asking again"),
      field<&SecretsSection::max_stale>.description(
          "How long beyond that, while its store cannot be asked; then a reload is refused"),
      field<&SecretsSection::refresh_interval>.description(
          "How often all that are in use are asked for anew, to notice rotations; 0s: never"));
};

class SecretStores {
 public:
  // Where a program runs: what stores find their own defaults by.
  struct Surroundings {
    const config::Hosting& hosting;
    const config::Variables& variables;
  };
  using MakeStore = std::function<std::unique_ptr<secrets::Store>(const Surroundings& surroundings)>;

  SecretStores();

  // Its options are the section secrets.NAME. Throws Error(already_exists).
  void add(std::string name, const reflect::Type& options_type, std::shared_ptr<void> options, MakeStore make);

  // Reads the section `secrets` and those of the stores that it asks, and declares them. A lookup in what is wrong
  // itself throws, so that it is told once.
  config::FindSecret open(config::Tree& tree, config::Configuration& configuration, const Surroundings& surroundings);

  secrets::Secrets* secrets() noexcept { return secrets_.get(); }  // null before open()
  const SecretsSection& section() const noexcept { return section_; }
  std::string order() const;  // "vault, environment": for the log
  // On a fiber of the world that the stores were opened in, before it ends: they may have connections.
  void close() noexcept { secrets_.reset(); }

 private:
  struct Known {
    std::string name;
    const reflect::Type* options_type;
    std::shared_ptr<void> options;
    MakeStore make;
  };
  const Known* find(const std::string& name) const;
  std::vector<std::string> choose_order(const config::Hosting& hosting, const std::string& environment) const;

  std::vector<Known> known_;
  SecretsSection section_;
  std::vector<std::string> order_;
  std::unique_ptr<secrets::Secrets> secrets_;
};

}  // namespace marty::service
