#include "marty/config/config.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <variant>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"

namespace marty::config {
namespace {

enum class Mode { fast, safe };

struct Tls {
  std::string certificate;
  bool required = true;
};
struct Server {
  std::string host = "127.0.0.1";
  int http_port = 8080;
  Duration idle_timeout = std::chrono::seconds(75);
  Size body_limit{16 << 20};
  Mode mode = Mode::safe;
  double ratio = 0.5;
  std::vector<std::string> origins = {"*"};
  std::vector<int> ports = {1};
  std::map<std::string, int> weights = {{"a", 1}};
  std::optional<Tls> tls;
  std::optional<int> limit;
  std::string admin_password = "none";

  static constexpr auto rules = marty::rules(
      marty::field<&Server::http_port>.range(0, 65535), marty::field<&Server::admin_password>.min_length(4),
      marty::field<&Server::ratio>.greater_than(0).max(1), marty::field<&Server::origins>.max_items(3));
};
struct Database {
  std::string url;
  int pool_size = 10;
};

template <class T>
T bound(std::string_view yaml, const Variables& variables = {}) {
  Tree tree = parse(yaml, "f.yaml", variables);
  T value = tree.bind<T>("server");
  tree.finish();
  return value;
}

// What finish() says, line by line, without its heading.
std::vector<std::string> problems(std::string_view yaml, const Variables& variables = {}) {
  Tree tree = parse(yaml, "f.yaml", variables);
  static_cast<void>(tree.bind<Server>("server"));
  try {
    tree.finish();
  } catch (const Error& error) {
    std::vector<std::string> lines;
    std::istringstream text(error.message());
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("  ")) lines.push_back(line.substr(2));
    }
    return lines;
  }
  return {};
}

std::string problem(std::string_view yaml, const Variables& variables = {}) {
  const auto all = problems(yaml, variables);
  return all.size() == 1 ? all[0] : std::to_string(all.size()) + " problems";
}

// A directory of files that goes with the test.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "marty-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, std::string_view text) const { std::ofstream(path_ / name) << text; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Bind, keeps_the_defaults_where_nothing_is_written) {
  for (const std::string_view yaml : {"", "server:\n", "server: {}\n"}) {
    const Server server = bound<Server>(yaml);
    EXPECT_EQ(server.host, "127.0.0.1");
    EXPECT_EQ(server.http_port, 8080);
    EXPECT_EQ(server.origins, std::vector<std::string>{"*"});
    EXPECT_FALSE(server.tls);
  }
}

TEST(Bind, reads_every_kind_of_value) {
  const Server server = bound<Server>(R"(
server:
  host: "::1"
  http_port: 9000
  idle_timeout: 1m30s
  body_limit: 64KiB
  mode: fast
  ratio: 0.75
  origins: [a, b]
  ports:
    - 1
    - 2
  weights: {x: 3}
  tls:
    certificate: cert.pem
    required: false
  limit: 7
)");
  EXPECT_EQ(server.host, "::1");
  EXPECT_EQ(server.http_port, 9000);
  EXPECT_EQ(server.idle_timeout, Duration(std::chrono::seconds(90)));
  EXPECT_EQ(server.body_limit, Size(65536));
  EXPECT_EQ(server.mode, Mode::fast);
  EXPECT_EQ(server.ratio, 0.75);
  EXPECT_EQ(server.origins, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(server.ports, (std::vector<int>{1, 2}));
  EXPECT_EQ(server.weights, (std::map<std::string, int>{{"x", 3}}));
  ASSERT_TRUE(server.tls);
  EXPECT_EQ(server.tls->certificate, "cert.pem");
  EXPECT_FALSE(server.tls->required);
  EXPECT_EQ(server.limit, 7);
}

TEST(Bind, leaves_texts_as_they_are_written) {
  EXPECT_EQ(bound<Server>("server: {host: 1.10}").host, "1.10");
  EXPECT_EQ(bound<Server>("server: {host: true}").host, "true");
  EXPECT_EQ(bound<Server>("server: {limit: ~}").limit, std::nullopt);
}

TEST(Bind, reads_free_form_values_by_the_core_schema) {
  struct Free {
    json::Value settings;
    std::variant<int, std::string> either = 1;
  };
  const Free free = bound<Free>("server: {settings: {a: 1, b: '1', c: [true, ~, 1.5]}, either: x}");
  EXPECT_EQ(free.settings, json::Value::parse(R"({"a": 1, "b": "1", "c": [true, null, 1.5]})"));
  EXPECT_EQ(std::get<std::string>(free.either), "x");
}

TEST(Bind, binds_sections_below_sections) {
  Tree tree = parse("security:\n  auth: {url: x}\n  tls: {certificate: y}\n");
  EXPECT_EQ(tree.bind<Database>("security.auth").url, "x");
  EXPECT_EQ(tree.bind<Tls>("security.tls").certificate, "y");
  tree.finish();
}

TEST(Variables, override_with_the_type_of_their_target) {
  const Variables variables = {{"MARTY_SERVER__HTTP_PORT", "9001"},
                               {"MARTY_SERVER__TLS__REQUIRED", "false"},
                               {"MARTY_SERVER__TLS__CERTIFICATE", "c"},
                               {"MARTY_SERVER__ORIGINS", "a, b"},
                               {"MARTY_SERVER__PORTS", "[3, 4]"},
                               {"MARTY_SERVER__WEIGHTS", "{x: 1}"},
                               {"MARTY_SERVER__IDLE_TIMEOUT", "5s"},
                               {"MARTY_ENV", "production"},
                               {"MARTY_UNRELATED", "x"},
                               {"PATH", "/bin"}};
  const Server server = bound<Server>("server: {http_port: 9000, origins: [x]}", variables);
  EXPECT_EQ(server.http_port, 9001);
  EXPECT_FALSE(server.tls->required);
  EXPECT_EQ(server.tls->certificate, "c");
  EXPECT_EQ(server.origins, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(server.ports, (std::vector<int>{3, 4}));
  EXPECT_EQ(server.weights, (std::map<std::string, int>{{"x", 1}}));
  EXPECT_EQ(server.idle_timeout, Duration(std::chrono::seconds(5)));
  EXPECT_TRUE(bound<Server>("", {{"MARTY_SERVER__ORIGINS", ""}}).origins.empty());
}

TEST(Variables, find_keys_in_any_case) {
  struct Weights {
    std::map<std::string, int> weights = {{"a", 1}};
  };
  const auto server = bound<Weights>("server: {weights: {MixedCase: 1}}", {{"MARTY_SERVER__WEIGHTS__MIXEDCASE", "2"}});
  EXPECT_EQ(server.weights, (std::map<std::string, int>{{"MixedCase", 2}}));
}

TEST(References, are_typed_like_what_they_stand_for) {
  const Variables variables = {{"PORT", "9000"}, {"ORIGINS", "a,b"}, {"NAME", "x"}};
  const Server server = bound<Server>(
      "server: {http_port: '${PORT}', origins: \"${ORIGINS}\", host: \"${HOST:-h}-${NAME}\", ports: [\"${PORT}\", 2]}",
      variables);
  EXPECT_EQ(server.http_port, 9000);
  EXPECT_EQ(server.origins, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(server.host, "h-x");
  EXPECT_EQ(server.ports, (std::vector<int>{9000, 2}));
  EXPECT_EQ(bound<Server>("", {{"MARTY_SERVER__HOST", "${NAME}"}, {"NAME", "y"}}).host, "y");
}

TEST(References, that_lead_nowhere_are_reported_once_with_their_line) {
  EXPECT_EQ(problem("server:\n  http_port: ${PORT}\n"),
            "f.yaml:2: server.http_port needs the environment variable PORT, which is not set");
  EXPECT_EQ(problem("server:\n  ports: [1, \"${PORT}\"]\n"),
            "f.yaml:2: server.ports[1] needs the environment variable PORT, which is not set");
}

TEST(References, of_a_layer_that_lost_are_not_needed) {
  EXPECT_EQ(bound<Server>("server: {http_port: '${PORT}'}", {{"MARTY_SERVER__HTTP_PORT", "1"}}).http_port, 1);
}

TEST(Problems, tell_place_key_expectation_and_find) {
  EXPECT_EQ(problem("server:\n  http_port: eighty\n"),
            "f.yaml:2: server.http_port must be an integer from 0 to 65535, not eighty");
  EXPECT_EQ(problem("server: {http_port: 70000}"),
            "f.yaml:1: server.http_port must be an integer from 0 to 65535, not 70000");
  EXPECT_EQ(problem("server: {http_port: [1]}"),
            "f.yaml:1: server.http_port must be an integer from 0 to 65535, not [1]");
  EXPECT_EQ(problem("server: {http_port: ~}"),
            "f.yaml:1: server.http_port must be an integer from 0 to 65535, not nothing");
  EXPECT_EQ(problem("server: {ratio: 0}"),
            "f.yaml:1: server.ratio must be a number greater than 0 and of at most 1, not 0");
  EXPECT_EQ(problem("server: {mode: save}"),
            "f.yaml:1: server.mode must be one of fast, safe, not save; did you mean safe?");
  EXPECT_EQ(problem("server: {idle_timeout: 30}"),
            "f.yaml:1: server.idle_timeout must be a duration such as 250ms, 10s or 1h30m, not 30");
  EXPECT_EQ(problem("server: {origins: a}"), "f.yaml:1: server.origins must be a list, not a");
  EXPECT_EQ(problem("server: {origins: [a, b, c, d]}"),
            "f.yaml:1: server.origins must have at most 3 items, not [a, b, c, d]");
  EXPECT_EQ(problem("server: 5"), "f.yaml:1: server must be a section of keys, not 5");
  EXPECT_EQ(problem("", {{"MARTY_SERVER__HTTP_PORT", "x"}}),
            "MARTY_SERVER__HTTP_PORT: server.http_port must be an integer from 0 to 65535, not x");
  EXPECT_EQ(problem("", {{"MARTY_SERVER__PORTS", "1,x"}}),
            "MARTY_SERVER__PORTS: server.ports[1] must be an integer from -2147483648 to 2147483647, not x");
}

TEST(Problems, name_the_nearest_key_for_an_unknown_one) {
  EXPECT_EQ(problem("server: {htp_port: 1}"),
            "f.yaml:1: server.htp_port is not a known key; did you mean server.http_port?");
  EXPECT_EQ(problem("server: {completely_else: 1}"), "f.yaml:1: server.completely_else is not a known key");
  EXPECT_EQ(problem("serverr: {http_port: 1}"), "f.yaml:1: serverr is not a known section; did you mean server?");
  EXPECT_EQ(problem("", {{"MARTY_SERVER__HTP_PORT", "1"}}),
            "MARTY_SERVER__HTP_PORT: server.htp_port is not a known key; did you mean server.http_port?");
}

TEST(Problems, name_unknown_keys_between_bound_sections) {
  Tree tree = parse("security:\n  auth: {url: x}\n  tsl: {a: 1}\n");
  static_cast<void>(tree.bind<Database>("security.auth"));
  static_cast<void>(tree.bind<Tls>("security.tls"));
  try {
    tree.finish();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(),
                testing::HasSubstr("config:3: security.tsl is not a known key; did you mean security.tls?"));
  }
}

TEST(Problems, never_show_what_is_confidential) {
  EXPECT_EQ(problem("server: {admin_password: abc}"),
            "f.yaml:1: server.admin_password must have at least 4 characters (what was found is not shown)");
}

TEST(Problems, name_what_is_missing_and_how_to_set_it) {
  Tree tree = parse("other: 1");
  static_cast<void>(tree.bind<Database>("database"));
  try {
    tree.finish();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_THAT(error.message(),
                testing::HasSubstr("database.url is required: it must be a string; set it as MARTY_DATABASE__URL"));
    EXPECT_EQ(error.fields().size(), 2u);
    EXPECT_EQ(error.fields()[1].pointer, "database.url");
  }
}

TEST(Problems, of_a_structs_own_check_have_its_place) {
  struct Range {
    int low = 1;
    int high = 2;
    void check(Problems& problems) const {
      if (high < low) problems.add("/high", "must not be below low");
    }
  };
  Tree tree = parse("server:\n  low: 5\n  high: 3\n");
  static_cast<void>(tree.bind<Range>("server"));
  try {
    tree.finish();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), testing::HasSubstr("config:3: server.high must not be below low"));
  }
}

// golden/errors.txt is what golden/*.yaml brings about; MARTY_UPDATE_GOLDEN=1 writes it anew.
TEST(Problems, are_reported_all_at_once_as_the_golden_file_has_them) {
  const std::string golden = MARTY_CONFIG_GOLDEN;
  std::string message;
  try {
    Tree tree = load({.directory = golden,
                      .environment = "production",
                      .variables = {{"MARTY_SERVER__WEIGHTS__B", "heavy"}, {"MARTY_SERVER__BODY_LIMT", "1MiB"}}});
    static_cast<void>(tree.bind<Server>("server"));
    static_cast<void>(tree.bind<Database>("database"));
    tree.finish();
  } catch (const Error& error) {
    message = error.message() + "\n";
  }
  for (std::size_t at; (at = message.find(golden)) != std::string::npos;) message.replace(at, golden.size(), "config");
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) std::ofstream(golden + "/errors.txt") << message;
  std::ostringstream expected;
  expected << std::ifstream(golden + "/errors.txt").rdbuf();
  EXPECT_EQ(message, expected.str());
}

TEST(Load, needs_no_files_at_all) {
  Tree tree = load({.directory = "does/not/exist"});
  EXPECT_EQ(tree.environment(), "development");
  EXPECT_EQ(tree.bind<Server>("server").http_port, 8080);
  tree.finish();
  EXPECT_THROW(load({.directory = "does/not/exist", .directory_required = true}), Error);
}

TEST(Load, lays_the_layers_over_each_other_key_by_key) {
  const Directory directory;
  directory.write("base.yaml", "server:\n  host: base\n  http_port: 1\n  idle_timeout: 1s\n  origins: [a, b]\n");
  directory.write("staging.yaml", "server:\n  http_port: 2\n  idle_timeout: 2s\n  origins: [c]\n");
  directory.write("production.yaml", "server: {host: wrong}\n");
  Tree tree = load(
      {.directory = directory.path(), .variables = {{"MARTY_ENV", "staging"}, {"MARTY_SERVER__IDLE_TIMEOUT", "3s"}}});
  const auto server = tree.bind<Server>("server");
  tree.finish();
  EXPECT_EQ(tree.environment(), "staging");
  EXPECT_EQ(server.host, "base");
  EXPECT_EQ(server.http_port, 2);
  EXPECT_EQ(server.idle_timeout, Duration(std::chrono::seconds(3)));
  EXPECT_EQ(server.origins, std::vector<std::string>{"c"});
  const std::vector<Layer> expected = {{directory.path() + "/base.yaml:4", "1s"},
                                       {directory.path() + "/staging.yaml:3", "2s"},
                                       {"MARTY_SERVER__IDLE_TIMEOUT", "3s"}};
  EXPECT_EQ(tree.explain("server.idle_timeout"), expected);
  EXPECT_TRUE(tree.explain("server.mode").empty());
}

TEST(Load, knows_four_environments) {
  for (const std::string name : {"development", "testing", "staging", "production"}) {
    EXPECT_EQ(load({.directory = "none", .variables = {{"MARTY_ENV", name}}}).environment(), name);
  }
  try {
    load({.directory = "none", .variables = {{"MARTY_ENV", "prodution"}}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "MARTY_ENV must be one of development, testing, staging, production, not \"prodution\"; did you mean "
              "production?");
  }
  EXPECT_THROW(load({.directory = "none", .environment = "qa"}), Error);
}

TEST(Load, names_every_file_that_is_not_yaml) {
  const Directory directory;
  directory.write("base.yaml", "a: 1\na: 2\n");
  directory.write("development.yaml", "- 1\n");
  try {
    load({.directory = directory.path()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the configuration cannot be read:\n  " + directory.path() +
                                   "/base.yaml:2: the key 'a' stands here a second time (first on line 1)\n  " +
                                   directory.path() +
                                   "/development.yaml:1: the file must be a section of keys, not [1]");
  }
}

TEST(Load, refuses_files_that_only_look_like_configuration) {
  const Directory directory;
  directory.write("base.yml", "server: {http_port: 1}\n");
  EXPECT_THROW(load({.directory = directory.path()}), Error);
}

TEST(EnvironmentVariables, are_those_of_the_process) {
  ::setenv("MARTY_CONFIG_TEST", "a=b", 1);
  EXPECT_EQ(environment_variables().at("MARTY_CONFIG_TEST"), "a=b");
  ::unsetenv("MARTY_CONFIG_TEST");
}

TEST(Sections, may_stand_inside_another_one) {
  Tree tree = parse("tls:\n  certificate: a.pem\n  mutual:\n    certificate: b.pem\n");
  EXPECT_EQ(tree.bind<Tls>("tls").certificate, "a.pem");
  EXPECT_EQ(tree.bind<Tls>("tls.mutual").certificate, "b.pem");
  EXPECT_NO_THROW(tree.finish());
}

}  // namespace
}  // namespace marty::config
