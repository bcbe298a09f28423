#include "marty/service/secret_stores.hpp"

#include <algorithm>
#include <utility>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/secrets/local_stores.hpp"

namespace marty::service {
namespace {

// What can be named without being there, and what brings it.
constexpr std::string_view kElsewhere[] = {"vault", "aws_secrets_manager", "azure_key_vault", "gcp_secret_manager",
                                           "kubernetes"};

std::string driver_of(std::string_view store) { return std::string(store.substr(0, store.find('_'))); }

}  // namespace

SecretStores::SecretStores() {
  const auto environment = std::make_shared<secrets::EnvironmentOptions>();
  add("environment", reflect::type_of<secrets::EnvironmentOptions>(), environment,
      [environment](const Surroundings& surroundings) {
        const auto kept = std::make_shared<config::Variables>(surroundings.variables);
        return secrets::environment_store(*environment, [kept](std::string_view name) -> const std::string* {
          const auto found = kept->find(name);
          return found == kept->end() ? nullptr : &found->second;
        });
      });
  const auto file = std::make_shared<secrets::FileOptions>();
  add("file", reflect::type_of<secrets::FileOptions>(), file, [file](const Surroundings& surroundings) {
    const config::HostingKind kind = surroundings.hosting.kind;
    const bool in_container = kind == config::HostingKind::docker || kind == config::HostingKind::kubernetes;
    secrets::FileOptions options = *file;
    if (!options.readable_by && in_container) options.readable_by = secrets::Readers::anyone;
    return secrets::file_store(std::move(options));
  });
  const auto memory = std::make_shared<secrets::MemoryOptions>();
  add("memory", reflect::type_of<secrets::MemoryOptions>(), memory,
      [memory](const Surroundings&) { return std::make_unique<secrets::MemoryStore>(*memory); });
}

void SecretStores::add(std::string name, const reflect::Type& options_type, std::shared_ptr<void> options,
                       MakeStore make) {
  if (find(name) != nullptr)
    throw Error(Code::already_exists, "the program brings the secret store " + name + " twice");
  known_.push_back({std::move(name), &options_type, std::move(options), std::move(make)});
}

const SecretStores::Known* SecretStores::find(const std::string& name) const {
  const auto found = std::ranges::find(known_, name, &Known::name);
  return found == known_.end() ? nullptr : &*found;
}

std::vector<std::string> SecretStores::choose_order(const config::Hosting& hosting,
                                                    const std::string& environment) const {
  const bool serious = environment == "staging" || environment == "production";
  if (!section_.order) {
    std::vector<std::string> order = config::default_secret_order(hosting.kind);
    std::erase_if(order,
                  [&](const std::string& name) { return find(name) == nullptr || (serious && name == "memory"); });
    return order;
  }
  for (const std::string& name : *section_.order) {
    if (find(name) != nullptr && !(serious && name == "memory")) continue;
    std::string message = "secrets.order names " + name;
    std::vector<std::string_view> names;
    for (const Known& known : known_) names.push_back(known.name);
    if (name == "memory") {
      message += ", which is for development and testing, not for " + environment;
    } else if (std::ranges::find(kElsewhere, name) != std::end(kElsewhere)) {
      message += ", which this program does not bring: link marty::" + driver_of(name) +
                 " and call service.secret_store(\"" + name + "\", marty::" + driver_of(name) + "::store)";
    } else {
      message += ", which is no store of this program";
      names.insert(names.end(), std::begin(kElsewhere), std::end(kElsewhere));
      if (const auto near = nearest(name, names)) message += "; did you mean " + std::string(*near) + "?";
    }
    throw Error(Code::invalid_argument, message);
  }
  for (const std::string& name : section_.optional) {
    if (std::ranges::find(*section_.order, name) == section_.order->end())
      throw Error(Code::invalid_argument, "secrets.optional names " + name + ", which is not in secrets.order");
  }
  return *section_.order;
}

config::FindSecret SecretStores::open(config::Tree& tree, config::Configuration& configuration,
                                      const Surroundings& surroundings) {
  configuration.section<SecretsSection>("secrets");
  bool good = tree.bind(reflect::type_of<SecretsSection>(), &section_, "secrets");
  order_ = choose_order(surroundings.hosting, tree.environment());
  std::vector<secrets::Source> sources;
  for (const std::string& name : order_) {
    const Known& known = *find(name);
    const std::string path = "secrets." + name;
    const reflect::Type& type = *known.options_type;
    configuration.declare(path, type, config::Changes::by_field, [&type] { return reflect::make_object(type); });
    type.destroy(known.options.get());  // what an attempt before this one has left
    type.construct(known.options.get());
    good &= tree.bind(type, known.options.get(), path);
    if (!good) continue;
    const bool optional = std::ranges::find(section_.optional, name) != section_.optional.end();
    sources.push_back({known.make(surroundings), optional});
  }
  if (!good) {
    return [](std::string_view) -> Secret {
      throw Error(Code::failed_precondition, "the section secrets has problems of its own");
    };
  }
  secrets_ = std::make_unique<secrets::Secrets>(
      std::move(sources), secrets::SecretsOptions{.ttl = section_.ttl, .max_stale = section_.max_stale});
  return [this](std::string_view key) {
    if (secrets_ == nullptr) throw Error(Code::failed_precondition, "the stores of secrets are closed");
    return secrets_->get(secrets::Key::parse(key));
  };
}

std::string SecretStores::order() const {
  std::string text;
  for (const std::string& name : order_) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace marty::service
