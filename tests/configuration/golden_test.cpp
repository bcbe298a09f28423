// golden/errors.txt has every kind of error that configuration and secrets know, as people read it;
// MARTY_UPDATE_GOLDEN=1 writes it anew. Those of the sections' values are in src/marty/config/golden/errors.txt.
#include <sys/stat.h>

#include <cstdlib>
#include <sstream>

#include "marty/base/error.hpp"
#include "marty/config/hosting.hpp"
#include "marty/config/units.hpp"
#include "marty/secrets/local_stores.hpp"
#include "marty/secrets/secrets.hpp"
#include "marty/service/config_templates.hpp"
#include "support.hpp"

namespace marty::configuration_tests {
namespace {

struct Shop {
  std::string name = "shop";
  Secret token;
  std::vector<std::string> origins;
  config::Rate rate;
  config::Url upstream;
  config::Duration timeout;
  static constexpr auto rules =
      marty::rules(marty::field<&Shop::token>.optional(), marty::field<&Shop::origins>.optional(),
                   marty::field<&Shop::rate>.optional(), marty::field<&Shop::upstream>.optional(),
                   marty::field<&Shop::timeout>.optional());
};

class GoldenErrors : public testing::Test {
 protected:
  // Adds what `function` throws, under a heading.
  void add(std::string_view heading, const std::function<void()>& function) {
    text_ += "\n# " + std::string(heading) + "\n";
    try {
      function();
      text_ += "(nothing is wrong)\n";
    } catch (const Error& error) {
      std::string message = error.message();
      for (const std::string& path : {folder.path()}) {
        for (std::size_t at; (at = message.find(path)) != std::string::npos;) message.replace(at, path.size(), "DIR");
      }
      text_ += message + "\n";
    }
  }
  // A file that is read, with the environment's own beside it.
  void add_file(std::string_view heading, std::string_view yaml) {
    add(heading, [&] {
      folder.replace(yaml);
      config::Tree tree = config::load({.directory = folder.path() + "/config", .variables = {{"SET", "x"}}});
      tree.use_secrets([](std::string_view key) -> Secret {
        if (key == "down") throw Error(Code::unavailable, "vault cannot be asked: 127.0.0.1:8200 refuses");
        if (key == "number") return Secret("hunter2");
        throw Error(Code::not_found, "there is no secret " + std::string(key) + "; asked: vault, file");
      });
      static_cast<void>(tree.bind<Shop>("shop"));
      tree.finish();
    });
  }
  void add_service(std::string_view heading, std::string_view yaml, config::Variables variables = {}) {
    add(heading, [&] {
      folder.replace(yaml);
      runtime::World::real({.loops = 1})->run([&] {
        ServiceOptions options = options_for(folder, sink);
        options.variables.merge(variables);
        if (const auto chosen = options.variables.find("MARTY_ENV"); chosen != options.variables.end())
          options.environment = chosen->second;
        Service service("shop", std::move(options));
        service.configure<Shop>("shop");
        service.start();
        service.stop();
      });
    });
  }
  void add_store(std::string_view heading, secrets::Store& store, std::string_view key) {
    add(heading, [&] {
      if (!store.get(secrets::Key::parse(key))) text_ += "(has none)\n";
    });
  }

  void files();
  void values();
  void stores();
  void services();
  void reloads();

  Folder folder;
  telemetry::RecordingSink sink;
  std::string text_;
};

void GoldenErrors::files() {
  add_file("a bracket that is not closed", "shop: {name: [x}\n");
  add_file("a key twice", "shop:\n  name: a\n  name: b\n");
  add_file("a tab", "shop:\n\tname: a\n");
  add_file("two documents", "shop: {name: a}\n---\nshop: {name: b}\n");
  add_file("a tag", "shop: {name: !!str a}\n");
  add_file("a merge key", "base: &base {name: a}\nshop:\n  <<: *base\n");
  add_file("a list in place of sections", "- shop\n");
  add_file("not UTF-8", "shop: {name: \xFF}\n");
  add_file("too large", "# " + std::string(1 << 20, 'x') + "\n");
  add("the wrong ending", [&] {
    folder.replace("");
    std::ofstream(folder.config("base.yml")) << "shop: {}\n";
    config::load({.directory = folder.path() + "/config"});
  });
  std::filesystem::remove(folder.config("base.yml"));
  add("an environment that is none", [] { config::load({.variables = {{"MARTY_ENV", "prod"}}}); });
  add("no directory", [] { config::load({.directory = "nowhere", .directory_required = true}); });
}

void GoldenErrors::values() {
  add_file("a reference to nothing", "shop:\n  name: ${NOT_SET}\n");
  add_file("a malformed reference", "shop: {name: '${A B}', origins: ['${SET:?x}']}\n");
  add_file("an open reference", "shop: {name: '${SET'}\n");
  add_file("a secret that is nowhere", "shop:\n  token: ${SECRET:shop/token}\n");
  add_file("a secret whose store is down", "shop: {token: '${SECRET:down}', name: 'x-${SECRET:down}'}\n");
  add_file("a secret that does not fit", "shop: {timeout: '${SECRET:number}', rate: '${SECRET:number}'}\n");
  add_file("a rate, a URL and a duration",
           "shop: {rate: 5/fortnight, upstream: 'db://ann:hunter2@host', timeout: 5}\n");
  add_file("an unknown key and an unknown section", "shop: {tokn: x}\nshp: {}\n");
}

void GoldenErrors::stores() {
  const auto place = std::filesystem::path(folder.path()) / "secrets";
  std::filesystem::create_directory(place);
  const auto write = [&](const char* name, std::string_view text, mode_t mode) {
    std::ofstream(place / name) << text;
    ::chmod((place / name).c_str(), mode);
  };
  write("open", "hunter2", 0644);
  write("fields", R"({"user": "ann", "password": "hunter2"})", 0600);
  write("plain", "hunter2", 0600);
  std::filesystem::create_symlink("/etc/hostname", place / "out");
  const auto file = secrets::file_store({.directory = place});
  add_store("a key that leads out", *file, "../fields");
  add_store("a key without a field", *file, "fields#");
  add_store("a file that others read", *file, "open");
  add_store("a link that leads out", *file, "out");
  add_store("a field that is not there", *file, "fields#pasword");
  add_store("a field of a plain text", *file, "plain#password");
  add_store("a secret that is not there", *file, "none");
  runtime::World::real({.loops = 1})->run([&] {
    add("a secret that no store has", [&] {
      std::vector<secrets::Source> sources;
      sources.push_back({.store = secrets::file_store({.directory = place})});
      sources.push_back({.store = std::make_unique<secrets::MemoryStore>()});
      secrets::Secrets(std::move(sources)).get(secrets::Key::parse("shop/none"));
    });
    add("no store at all", [&] { secrets::Secrets({}).get(secrets::Key::parse("shop/none")); });
  });
}

void GoldenErrors::services() {
  add_service("a store that the program lacks", "secrets: {order: [vault]}\n");
  add_service("a store that there is not", "secrets: {order: [enviroment]}\n");
  add_service("memory in production", "secrets: {order: [memory]}\n", {{"MARTY_ENV", "production"}});
  add_service("an optional store that is not asked", "secrets: {order: [file], optional: [memory]}\n");
  add_service("secrets that are wrong themselves", "secrets: {order: [file], ttl: 5}\nshop: {token: '${SECRET:a}'}\n");
  add_service("a hosting that is none", "", {{"MARTY_HOSTING", "kubernets"}});
  add("a template that there is not", [] { service::config_template("rst", "shop"); });
}

void GoldenErrors::reloads() {
  folder.replace("shop: {name: a}\n");
  runtime::World::real({.loops = 1})->run([&] {
    Service service("shop", options_for(folder, sink));
    service.configure<Shop>("shop");
    bool refuses = false;
    service.configuration().subscribe("the mailer", [&](const config::Generation&) -> config::Configuration::Commit {
      if (refuses) throw Error(Code::unavailable, "cannot reach relay.example:25");
      return {};
    });
    service.start();
    add("a reload of what is wrong", [&] {
      folder.replace("shop: {nam: a}\n");
      service.reload();
    });
    add("a reload that is refused", [&] {
      refuses = true;
      folder.replace("logging: {level: error}\n");
      service.reload();
    });
    service.stop();
  });
}

TEST_F(GoldenErrors, are_as_the_file_has_them) {
  files();
  values();
  stores();
  services();
  reloads();
  const std::string golden = std::string(MARTY_CONFIGURATION_GOLDEN) + "/errors.txt";
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << text_.substr(1);
  std::ostringstream expected;
  expected << std::ifstream(golden).rdbuf();
  EXPECT_EQ(text_.substr(1), expected.str());
  EXPECT_THAT(text_, testing::Not(testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace marty::configuration_tests
