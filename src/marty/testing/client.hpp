// Client: sends requests to a web application without sockets, for tests.
//
//   testing::Client client(service.app());
//   EXPECT_EQ(client.get("/api/v1/pets/42").status, 404);
//   const Pet pet = client.post("/api/v1/pets", NewPet{.name = "Rex"}).json<Pet>();
//
// Used on a fiber. The request takes the way of every request, filters and telemetry included.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"
#include "marty/json/json.hpp"

namespace marty::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

// What came back. A streamed body has been read to its end.
struct Response {
  int status = 0;
  Headers headers;
  std::string body;

  std::string_view header(std::string_view name) const noexcept;  // "" where absent
  // The body as a T. Throws Error where it is none, with the body in the message.
  template <class T>
  T json() const {
    return json::parse<T>(body);
  }
};

class Client {
 public:
  explicit Client(http::Handler& handler, Headers headers = {}) : handler_(handler), headers_(std::move(headers)) {}

  Response send(http::Method method, std::string_view target, std::string_view body = {}, const Headers& headers = {});

  Response get(std::string_view target, const Headers& headers = {}) {
    return send(http::Method::get, target, {}, headers);
  }
  Response del(std::string_view target, const Headers& headers = {}) {
    return send(http::Method::del, target, {}, headers);
  }
  template <class T>
  Response post(std::string_view target, const T& body, const Headers& headers = {}) {
    return send(http::Method::post, target, json::to_string(body), headers);
  }
  template <class T>
  Response put(std::string_view target, const T& body, const Headers& headers = {}) {
    return send(http::Method::put, target, json::to_string(body), headers);
  }
  template <class T>
  Response patch(std::string_view target, const T& body, const Headers& headers = {}) {
    return send(http::Method::patch, target, json::to_string(body), headers);
  }

 private:
  http::Handler& handler_;
  const Headers headers_;  // of every request
};

}  // namespace marty::testing
