// Whatever `PROGRAM config validate` accepts, the start accepts, and what one refuses, the other does in the same
// words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "marty/base/error.hpp"
#include "marty/grpc/internal/grpc_protocol.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/config_templates.hpp"
#include "marty/service/service.hpp"
#include "marty/tls/test_authority.hpp"
#include "sqlite/sqlite.hpp"
#include "vault/vault.hpp"

namespace marty::configuration_tests {
namespace {

namespace fs = std::filesystem;

struct Greeting {
  std::string text = "hello";
};

struct Pet {
  std::string id;
};

enum class Program { plain, with_grpc, with_vault };

// A program with a database, a route, and a part that has its own opinion of its section.
void declare(Service& service, Program program) {
  if (program == Program::with_grpc) grpc::internal::GrpcProtocol::of(service.app());
  service.database("sqlite", sqlite::driver);
  if (program == Program::with_vault) service.secret_store("vault", vault::store);
  service.get(
      "/pets/{id}", [](Path<std::string> id) { return Pet{*id}; }, "Get a pet");
  const auto greeting = service.configure<Greeting>("greeting");
  service.configuration().subscribe("the door", [greeting](const config::Generation& next) {
    if (greeting.in(next).text == "go away") throw Error(Code::invalid_argument, "that is no greeting");
    return config::Configuration::Commit();
  });
}

// A folder to work in, and in it whatever a setting may name.
class Place {
 public:
  Place() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "marty-validation-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    fs::current_path(path_);
    for (const char* folder : {"config", "tls", "logs", "migrations", "gap", "empty_step"})
      fs::create_directory(folder);
    write("migrations/0001_pets.up.sql", "create table pets (id text);");
    write("gap/0002_pets.up.sql", "create table pets (id text);");
    write("empty_step/0001_pets.up.sql", "");
    write("garbage.db", "this is no database, but long enough to be one");
    write("tls/garbage.pem", "nothing");
    const tls::TestAuthority authority;
    authority.write("tls/ca.pem");
    authority.issue("tls", {.subject = "shop", .dns_names = {"localhost"}});
    authority.issue("tls", {.subject = "other", .dns_names = {"localhost"}});
    authority.issue("tls", {.subject = "old", .valid_for = std::chrono::seconds(-1)});
  }
  ~Place() {
    fs::current_path(before_);
    fs::remove_all(path_);
  }
  static void write(const fs::path& file, std::string_view text) { std::ofstream(file, std::ios::trunc) << text; }

  // What is there, and how much of it.
  static std::set<std::string> contents() {
    std::set<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator("."))
      all.insert(entry.path().string() + (entry.is_regular_file() ? " " + std::to_string(entry.file_size()) : ""));
    return all;
  }

 private:
  fs::path before_, path_;
};

// Set for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

struct Outcome {
  bool accepted = false;
  std::string said;
};

Outcome validate(Program program) {
  const char* const line[] = {"petstore", "config", "validate"};
  Service service("petstore", static_cast<int>(std::size(line)), line);
  declare(service, program);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int exit_code = service.run();
  const std::string printed = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  return {exit_code == 0, printed};
}

Outcome start(Program program) {
  Outcome outcome;
  testing::internal::CaptureStdout();  // the log
  runtime::World::real({.loops = 1})->run([&] {
    Service service("petstore", ServiceOptions{.directory = ".", .variables = config::environment_variables()});
    declare(service, program);
    try {
      service.start();
      service.stop();
      outcome.accepted = true;
    } catch (const Error& error) {
      outcome.said = error.message();
    }
  });
  testing::internal::GetCapturedStdout();
  return outcome;
}

// `words`: of the refusal; none: accepted.
void expect_the_same(const std::string& yaml, const std::string& words, Program program = Program::plain) {
  SCOPED_TRACE(yaml);
  Place::write("config/base.yaml", yaml);
  const std::set<std::string> before = Place::contents();
  const Outcome validated = validate(program);
  EXPECT_EQ(Place::contents(), before);
  const Outcome started = start(program);
  EXPECT_EQ(validated.accepted, words.empty()) << validated.said;
  EXPECT_EQ(started.accepted, words.empty()) << started.said;
  EXPECT_THAT(validated.said, testing::HasSubstr(started.said));
  EXPECT_THAT(started.said, testing::HasSubstr(words));
}

struct Row {
  std::string yaml;
  std::string words;
};

class Validation : public testing::Test {
 protected:
  void expect_all(const std::vector<Row>& rows) const {
    for (const Row& row : rows) expect_the_same(row.yaml, row.words);
  }
  Place place_;
  Variable port_{"MARTY_SERVER__HTTP_PORT", "0"};
  Variable environment_{"MARTY_ENV", "testing"};
};

TEST_F(Validation, accepts_what_starts) {
  expect_all({
      {"", ""},
      {"server: {host: 0.0.0.0, cors: {origins: ['https://*.shop.example'], credentials: true}}", ""},
      {"security: {tls: {certificate: tls/shop.pem, key: tls/shop.key, client_certificates: required, client_ca: "
       "tls/ca.pem}}",
       ""},
      {"telemetry: {otlp: {endpoint: 'http://[::1]:9', shutdown_timeout: 10ms}}", ""},
      {"telemetry: {otlp: {endpoint: 'http://127.0.0.1:9', protocol: grpc, shutdown_timeout: 10ms}}", ""},
      {"telemetry: {tracing: {routes: [{route: 'GET /pets/{id}', ratio: 0.5}, {route: /health/live}]}}", ""},
      {"telemetry: {slos: [{name: pets, route: '/pets/{id}'}]}", ""},
      {"logging: {output: file, file: {path: logs/app.log}}", ""},
      {"database: {driver: sqlite, migrations: migrations, sqlite: {path: pets.db}}", ""},
      {"admin: {enabled: true, port: 0}", ""},
      {"greeting: {text: welcome}", ""},
  });
}

// RFC 3986 section 3.2.
TEST_F(Validation, and_the_start_refuse_urls_that_name_no_server) {
  for (const std::string url : {"http://h:abc", "http://[::1", "http://h:99999", "http://h]:1", "http://h:-1",
                                "http://h:0", "http://", "http://a b", "http://h/%zz", "http://ann@h"}) {
    expect_the_same("telemetry: {otlp: {endpoint: '" + url + "'}}", "telemetry.otlp.endpoint must be a URL");
    expect_the_same("secrets: {order: [vault], vault: {insecure: true, token: x, address: '" + url + "'}}",
                    "secrets.vault.address", Program::with_vault);
  }
}

TEST_F(Validation, and_the_start_refuse_exports_that_cannot_be) {
  expect_all({{"telemetry: {otlp: {endpoint: 'ftp://h'}}", "begins with http:// or https://"},
              {"telemetry: {otlp: {endpoint: 'http://h/?a'}}", "may have no query"},
              {"telemetry: {otlp: {endpoint: 'http://h/a', protocol: grpc}}", "may have no path for gRPC"},
              {"telemetry: {otlp: {endpoint: 'http://h', timeout: 0s}}", "telemetry.otlp.timeout"},
              {"telemetry: {otlp: {endpoint: 'http://h', compression: brotli}}", "telemetry.otlp.compression"}});
  const Variable protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
  expect_the_same("telemetry: {otlp: {endpoint: 'http://h'}}", "OTEL_EXPORTER_OTLP_PROTOCOL is \"http/json\"");
}

TEST_F(Validation, and_the_start_refuse_variables_that_say_how_to_export) {
  const Variable endpoint("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:abc");
  expect_the_same("", "OTEL_EXPORTER_OTLP_ENDPOINT holds no URL of a receiver");
  const Variable good("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
  const Variable headers("OTEL_EXPORTER_OTLP_HEADERS", "no pair");
  expect_the_same("", "OTEL_EXPORTER_OTLP_HEADERS has to be a list of name=value");
}

TEST_F(Validation, and_the_start_refuse_addresses_and_ports_that_cannot_be_listened_on) {
  expect_all({{"server: {host: localhost}", "server.host must be an IP address"},
              {"server: {host: '[::1]'}", "server.host must be an IP address"},
              {"admin: {enabled: true, host: localhost}", "admin.host must be an IP address"},
              {"admin: {enabled: true, host: 0.0.0.0}", "admin.host is an address that others reach"},
              {"server: {grpc_port: 50051}", "server.grpc_port is set, and this service has no gRPC"},
              {"server: {grpc_port: 70000}", "server.grpc_port must be at most 65535"}});
  const Variable port("MARTY_SERVER__HTTP_PORT", "8099");
  expect_all(
      {{"admin: {enabled: true, port: 8099}", "admin.port is that of server.http_port"},
       {"server: {host: 0.0.0.0}\nadmin: {enabled: true, port: 8099}", "admin.port is that of server.http_port"}});
}

TEST_F(Validation, and_the_start_refuse_certificates_that_serve_nobody) {
  const auto tls = [](const std::string& text) { return "security: {tls: {" + text + "}}"; };
  expect_all({
      {tls("certificate: tls/none.pem, key: tls/shop.key"), "none.pem"},
      {tls("certificate: tls/shop.pem, key: tls/none.key"), "none.key"},
      {tls("certificate: tls/shop.pem, key: tls/other.key"), "other.key"},
      {tls("certificate: tls/garbage.pem, key: tls/shop.key"), "garbage.pem"},
      {tls("certificate: tls/old.pem, key: tls/old.key"), "old.pem"},
      {tls("certificate: tls/shop.pem, key: tls/shop.key, certificates: [{certificate: a.pem, key: a.key}]"), "a.pem"},
      {tls("certificate: tls/shop.pem, key: tls/shop.key, client_certificates: required, client_ca: no.pem"), "no.pem"},
      {tls("certificate: tls/shop.pem"), "security.tls.key goes with certificate"},
  });
}

TEST_F(Validation, and_the_start_refuse_files_that_cannot_be_written) {
  fs::create_symlink("nowhere/app.log", "logs/linked.log");
  expect_all({{"logging: {output: file, file: {path: none/app.log}}", "cannot write the log file none/app.log"},
              {"logging: {output: file, file: {path: logs}}", "cannot write the log file logs: Is a directory"},
              {"logging: {output: file, file: {path: logs/linked.log}}", "cannot write the log file logs/linked.log"},
              {"logging: {output: file}", "logging.file.path is required"},
              {"database: {sqlite: {path: none/pets.db}}", "none/pets.db: No such file"},
              {"database: {sqlite: {path: logs}}", "/logs: Is a directory"},
              {"database: {sqlite: {path: garbage.db}}", "garbage.db: file is not a database"}});
}

TEST_F(Validation, and_the_start_refuse_migrations_that_cannot_be_run) {
  expect_all({{"database: {migrations: none}", "cannot read the migrations in none"},
              {"database: {migrations: gap}", "there is a gap, number 1 is missing"},
              {"database: {migrations: empty_step}", "has no statements"},
              {"database: {driver: postgres}", "database.driver is postgres"}});
  Place::write("migrations/0003_late.up.sql", "select 1");
  expect_the_same("", "migrations: database.migrations cannot be used");  // the folder that nobody named
}

TEST_F(Validation, and_the_start_refuse_routes_that_are_not_there) {
  expect_all({{"telemetry: {tracing: {routes: [{route: /pets}]}}", "telemetry.tracing.routes[0].route"},
              {"telemetry: {tracing: {routes: [{route: 'GET /pet/{id}'}]}}", "did you mean GET /pets/{id}?"},
              {"telemetry: {slos: [{name: a}, {name: b, route: /pets}]}", "telemetry.slos[1].route"}});
}

TEST_F(Validation, and_the_start_refuse_origins_that_are_none) {
  expect_all({{"server: {cors: {origins: [shop.example]}}", "server.cors.origins[0] is not an origin"},
              {"server: {cors: {origins: ['https://*shop.example']}}", "server.cors.origins[0] is not an origin"},
              {"server: {cors: {origins: ['*'], credentials: true}}", "server.cors.credentials cannot be allowed"}});
}

TEST_F(Validation, and_the_start_refuse_what_is_written_wrong) {
  expect_all({{"server: {http_prt: 1}", "did you mean server.http_port?"},
              {"server: [", "not valid YAML"},
              {"nonsense: {}", "is not a known section"},
              {"secrets: {order: [vualt]}", "did you mean vault?"},
              {"greeting: {text: '${NOPE}'}", "needs the environment variable NOPE"},
              {"greeting: {text: '${SECRET:nope}'}", "nope"}});
}

// The comments of a template are settings, too: with their marks taken off, they have to be right.
std::string without_marks(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line); out += '\n') {
    std::smatch parts;
    static const std::regex kSetting("( *)# ( *[a-z_]+:.*)");
    out += std::regex_match(line, parts, kSetting) ? parts[1].str() + parts[2].str() : line;
  }
  return out;
}

TEST_F(Validation, accepts_every_template_with_its_comments_taken_at_their_word) {
  const Variable migrate("MARTY_DATABASE__MIGRATE_ON_START", "true");
  const Variable at_once("MARTY_SERVER__DRAIN_DELAY", "0s");
  fs::copy_file("tls/shop.pem", "tls/tls.crt");
  fs::copy_file("tls/shop.key", "tls/tls.key");
  fs::copy_file("tls/ca.pem", "tls/ca.crt");
  for (const std::string_view name : service::config_template_names()) {
    int taken_off = 0;
    std::string base;
    for (const service::TemplateFile& file : service::config_template(name, "petstore")) {
      const std::string text = without_marks(file.text);
      taken_off += text != file.text;
      Place::write(file.path, text);
      if (file.path == "config/base.yaml") base = text;
    }
    EXPECT_GT(taken_off, 0) << name;
    const bool is_grpc = base.contains("grpc_port");
    std::optional<Variable> grpc_port;
    if (is_grpc) grpc_port.emplace("MARTY_SERVER__GRPC_PORT", "0");
    for (const char* environment : {"development", "testing", "staging", "production"}) {
      SCOPED_TRACE(std::string(name) + " in " + environment);
      const Variable chosen("MARTY_ENV", environment);
      expect_the_same(base, "", is_grpc ? Program::with_grpc : Program::plain);
    }
  }
}

TEST_F(Validation, asks_the_parts_of_the_program_too) {
  expect_the_same("greeting: {text: go away}", "the door refuses the configuration: that is no greeting");
}

}  // namespace
}  // namespace marty::configuration_tests
