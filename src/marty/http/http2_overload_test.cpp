// A gateway in an overload: its requests run into their timeouts as fast as they come, on the connection on which
// others live. It looks like a rapid reset (CVE-2023-44487), and is none.
#include <gtest/gtest.h>

#include <map>

#include "marty/http/internal/http2_test_support.hpp"

namespace marty::http {
namespace {

using internal::big_endian;
using internal::frame;
using internal::headers_frame;
using internal::Http2Frame;
using internal::Http2RawClient;
using internal::request_fields;
using internal::TestServer;
using namespace std::chrono_literals;

// Gives up `given_up` requests a second, each a second after it was sent, for a minute; once a second there is one that
// is served.
struct Gateway {
  explicit Gateway(const TestServer& test) : client(test.server.address()) {}

  void run(int given_up) {
    auto reading = runtime::spawn([&] { read(); });
    try {
      std::int32_t id = 1;
      for (int sent = 0; sent < 60 * given_up; ++sent, id += 2) {
        std::string frames = headers_frame(id, request_fields("GET", "/slow"));
        if (sent >= given_up)
          frames +=
              frame(NGHTTP2_RST_STREAM, 0, slow[static_cast<std::size_t>(sent - given_up)], big_endian(NGHTTP2_CANCEL));
        slow.push_back(id);
        if (sent % given_up == 0) {
          id += 2;
          live[id] = runtime::now();
          frames += headers_frame(id, request_fields("GET", "/live"));
        }
        client.send(frames);
        runtime::sleep_for(runtime::Duration(1s) / given_up);  // tidy:allow(sleep): virtual
      }
      runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    } catch (const Error&) {   // cut
    }
    reading.cancel();
    reading.join();
    client.raw().close();
  }
  void read() {
    try {
      for (Http2Frame next = client.read(); next.type != 255; next = client.read()) {
        if (next.type == NGHTTP2_GOAWAY) goaway = next.number(4);
        if (next.type != NGHTTP2_HEADERS) continue;
        ++answered;
        longest = std::max(longest, runtime::now() - live.at(next.stream));
      }
    } catch (const Error&) {
    }
  }

  Http2RawClient client;
  std::vector<std::int32_t> slow;
  std::map<std::int32_t, runtime::TimePoint> live;
  int answered = 0;
  runtime::Duration longest{0};
  std::uint32_t goaway = NGHTTP2_NO_ERROR;
};

Gateway& run_gateway(std::unique_ptr<Gateway>& gateway, int given_up) {
  internal::run_in(internal::WorldKind::simulated, [&] {
    TestServer test([](Request& request, Response&) {
      if (request.target == "/slow") runtime::sleep_for(1h);  // tidy:allow(sleep): virtual
    });
    gateway = std::make_unique<Gateway>(test);
    gateway->run(given_up);
  });
  return *gateway;
}

TEST(Http2Overload, a_gateway_that_gives_up_all_its_requests_is_delayed_and_not_cut) {
  std::unique_ptr<Gateway> gateway;
  run_gateway(gateway, 100);
  EXPECT_EQ(gateway->goaway, NGHTTP2_NO_ERROR);
  EXPECT_EQ(gateway->answered, 60);
  EXPECT_LT(gateway->longest, 250ms);
}

TEST(Http2Overload, one_that_goes_on_at_ten_times_the_rate_is_cut) {
  std::unique_ptr<Gateway> gateway;
  run_gateway(gateway, 500);
  EXPECT_EQ(gateway->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_LT(gateway->answered, 15);
}

}  // namespace
}  // namespace marty::http
