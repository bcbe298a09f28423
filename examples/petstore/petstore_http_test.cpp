// The petstore over real sockets, in the real world, on a database file.
#include "marty/http/client.hpp"
#include "marty/json/json.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/fiber.hpp"
#include "petstore_test_support.hpp"

namespace petstore {
namespace {

marty::http::Reply post(marty::http::Client& client, const std::string& url, std::string body) {
  return client.send({.method = marty::http::Method::post,
                      .url = url,
                      .headers = {{"content-type", "application/json"}},
                      .body = std::move(body)});
}

TEST(PetstoreOverSockets, keeps_its_pets_across_restarts) {
  const TemporaryFolder folder;
  std::string location;
  with_petstore(folder.file("petstore.db"), [&](const std::string& url) {
    marty::http::Client client;
    const auto added = post(client, url + "/api/v1/pets", R"({"name":"Rex","species":"dog","price":"349.00"})");
    EXPECT_EQ(added.status, 201) << added.body;
    location = added.header("location");
  });
  with_petstore(folder.file("petstore.db"), [&](const std::string& url) {
    marty::http::Client client;
    EXPECT_EQ(marty::json::parse<Pet>(client.get(url + location).body).name, "Rex");
  });
}

TEST(PetstoreOverSockets, one_of_many_buyers_gets_the_pet) {
  const TemporaryFolder folder;
  with_petstore(folder.file("petstore.db"), [&](const std::string& url) {
    marty::http::Client client;
    const Pet rex = marty::json::parse<Pet>(
        post(client, url + "/api/v1/pets", R"({"name":"Rex","species":"dog","price":"1"})").body);
    const std::string order = R"({"pet_id":")" + rex.id.to_string() + R"(","customer":"Ada"})";
    const auto buy = [&] { return post(client, url + "/api/v1/orders", order).status; };
    std::vector<decltype(marty::runtime::spawn(buy))> buyers;
    for (int i = 0; i < 20; ++i) buyers.push_back(marty::runtime::spawn(buy));
    int sold = 0, refused = 0;
    for (auto& buyer : buyers) {
      const int status = buyer.join();
      sold += status == 201;
      refused += status == 409;
    }
    EXPECT_EQ(sold, 1);
    EXPECT_EQ(refused, 19);
  });
}

TEST(PetstoreOverSockets, tells_its_health_metrics_and_documentation) {
  const TemporaryFolder folder;
  with_petstore(folder.file("petstore.db"), [&](const std::string& url) {
    marty::http::Client client;
    EXPECT_EQ(client.get(url + "/health/live").status, 200);
    EXPECT_EQ(client.get(url + "/health/ready").status, 200);
    const std::string metrics = client.get(url + "/metrics").body;
    for (const char* name :
         {"mmf_requests_total", "mmf_build_info", "mmf_log_lines_dropped_total", "process_cpu_seconds_total"}) {
      EXPECT_NE(metrics.find(name), std::string::npos) << name;
    }
    EXPECT_NE(client.get(url + "/openapi.json").body.find("/api/v1/orders/{id}"), std::string::npos);
    EXPECT_EQ(client.get(url + "/docs").status, 200);
  });
}

}  // namespace
}  // namespace petstore
