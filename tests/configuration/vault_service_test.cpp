// A service whose secrets are in a real Vault: its start, a rotation, an outage and its end.
#include "aws/aws.hpp"
#include "azure/azure.hpp"
#include "gcp/gcp.hpp"
#include "kubernetes/kubernetes.hpp"
#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/secrets/internal/server_program.hpp"
#include "support.hpp"
#include "vault/vault.hpp"

namespace marty::configuration_tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Mail {
  Secret password;
  std::string relay = "localhost";
  static constexpr auto rules =
      marty::rules(marty::field<&Mail::password>.reloadable(), marty::field<&Mail::relay>.reloadable());
};
struct Answer {
  bool right;
};
struct Guess {
  std::string password;
};

class VaultService : public testing::Test {
 protected:
  void write(const std::string& password) {
    servers.call("write", {{"path", "shop/mail"}, {"data", json::Value::object({{"password", password}})}});
  }
  static bool knows(Service& service, const std::string& password) {
    http::Client client;
    const http::Reply reply = client.get("http://" + service.address().to_string() + "/check?password=" + password);
    return json::Value::parse(reply.body)["right"].as_boolean();
  }
  static std::string health(Service& service) {
    http::Client client;
    return client.get("http://" + service.address().to_string() + "/health").body;
  }
  static bool becomes_true(const std::function<bool()>& condition) {
    for (int i = 0; i < 400; ++i) {
      if (condition()) return true;
      runtime::sleep_for(25ms);  // tidy:allow(sleep): until another process has done its part
    }
    return false;
  }

  secrets::internal::ServerProgram servers{MARTY_SECRET_SERVERS, {"vault"}};
  Folder folder;
  telemetry::RecordingSink sink;
};

TEST_F(VaultService, starts_reloads_and_outlives_an_outage) {
  if (!servers.missing().empty()) GTEST_SKIP() << servers.missing();
  write("hunter2-one");
  folder.replace(
      "secrets:\n  order: [vault, environment]\n  ttl: 100ms\n  refresh_interval: 100ms\n"
      "  vault: {address: '${ADDRESS}', token: '${TOKEN}', timeout: 1s}\n"
      "mail: {password: '${SECRET:shop/mail#password}'}\n");
  const json::Value& said = servers.said("vault");
  ServiceOptions options = options_for(folder, sink);
  options.variables["ADDRESS"] = said["address"].as_string();
  options.variables["TOKEN"] = said["root_token"].as_string();
  runtime::World::real({.loops = 2})->run([&] {
    Service service("mailer", options);
    service.secret_store("vault", vault::store);
    service.secret_store("aws_secrets_manager", aws::store);  // all that there is fits together
    service.secret_store("azure_key_vault", azure::store);
    service.secret_store("gcp_secret_manager", gcp::store);
    service.secret_store("kubernetes", kubernetes::store);
    service.configure<Mail>("mail");
    service.get(
        "/check", [](Query<Guess> guess, const Mail& mail) { return Answer{mail.password.equals(guess->password)}; },
        "Check");
    service.start();
    EXPECT_TRUE(knows(service, "hunter2-one"));
    EXPECT_THAT(lines_with(sink, "\"message\":\"started\"").at(0), HasSubstr("\"stores\":\"vault, environment\""));

    Load load(service, "/check?password=x", 4);
    write("hunter2-two");
    EXPECT_TRUE(becomes_true([&] { return knows(service, "hunter2-two"); }));

    servers.call("stop");
    EXPECT_TRUE(becomes_true([&] { return health(service).find("degraded") != std::string::npos; }));
    EXPECT_THAT(health(service), testing::Not(HasSubstr("vault"))) << "which store it is stands in the log";
    EXPECT_FALSE(lines_with(sink, "component is not well").empty());
    EXPECT_TRUE(knows(service, "hunter2-two")) << "what was read goes on being used";
    folder.replace(
        std::string("secrets:\n  order: [vault, environment]\n  ttl: 100ms\n  refresh_interval: 100ms\n"
                    "  vault: {address: '${ADDRESS}', token: '${TOKEN}', timeout: 1s}\n"
                    "mail: {password: '${SECRET:shop/mail#password}', relay: elsewhere}\n"));
    EXPECT_TRUE(service.reload().changed) << "so are other settings";

    servers.call("start");
    write("hunter2-three");
    EXPECT_TRUE(becomes_true([&] { return knows(service, "hunter2-three"); }));
    EXPECT_TRUE(becomes_true([&] { return health(service).find("degraded") == std::string::npos; }));
    load.finish();
    EXPECT_THAT(load.failures(), testing::IsEmpty());
    service.stop();
  });
  for (const std::string& line : sink.lines()) EXPECT_THAT(line, testing::Not(HasSubstr("hunter2")));
}

TEST_F(VaultService, does_not_start_without_its_vault) {
  folder.replace(
      "secrets: {order: [vault, environment], vault: {address: 'http://127.0.0.1:1', token: x, timeout: 1s}}\n"
      "mail: {password: '${SECRET:shop/mail#password}'}\n");
  runtime::World::real({.loops = 1})->run([&] {
    Service service("mailer", options_for(folder, sink));
    service.secret_store("vault", vault::store);
    service.configure<Mail>("mail");
    try {
      service.start();
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.message(),
                  testing::AllOf(HasSubstr("base.yaml:2: mail.password needs the secret shop/mail#password: vault"),
                                 HasSubstr("127.0.0.1:1")));
    }
  });
}

}  // namespace
}  // namespace marty::configuration_tests
