// Clients that mean harm: each gets the right status or a close, the others are served, and the process does not grow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "marty/base/error.hpp"
#include "marty/http/internal/request_corpus.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"
#include "marty/runtime/file.hpp"

namespace marty::http {
namespace {

using internal::RawClient;
using internal::run_in;
using internal::talk;
using internal::TestServer;
using internal::WorldKind;
using testing::AnyOf;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::size_t kMegabyte = 1024 * 1024;

void echo(Request& request, Response& response) { response.set_body(request.body(), "text/plain"); }

// Resident memory of this process.
std::size_t resident_bytes() {
  const std::string statm = runtime::read_file("/proc/self/statm");
  return std::stoul(statm.substr(statm.find(' '))) * 4096;
}

// Runs `attack` once to warm every pool up, and then several times without growing.
void expect_no_growth(const std::function<void()>& attack) {
  attack();
  const std::size_t before = resident_bytes();
  for (int round = 0; round < 3; ++round) attack();
  EXPECT_LT(resident_bytes(), before + 8 * kMegabyte);
}

void expect_served(const TestServer& test) {
  EXPECT_THAT(talk(test.server.address(), kGet), StartsWith("HTTP/1.1 200 "));
}

// Sends until it is done or the server has had enough; returns how many bytes went out.
std::size_t send_until_refused(RawClient& client, std::string_view piece, std::size_t total) {
  std::size_t sent = 0;
  try {
    for (; sent < total; sent += piece.size()) client.send(piece);
  } catch (const Error&) {  // the connection is gone
  }
  return sent;
}

TEST(Abuse, slowloris_is_refused_and_others_are_served_meanwhile) {
  run_in(WorldKind::real, [] {
    TestServer test(echo, {.header_timeout = std::chrono::milliseconds(300)});
    const auto attack = [&] {
      std::vector<std::unique_ptr<RawClient>> slow;
      for (int i = 0; i < 500; ++i) {
        slow.push_back(std::make_unique<RawClient>(test.server.address()));
        slow.back()->send("GET / HTTP/1.1\r\nHost: ");
      }
      for (int i = 0; i < 100; ++i) expect_served(test);
      for (const auto& client : slow) EXPECT_THAT(client->read_to_end(), StartsWith("HTTP/1.1 408 "));
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

// A valid request with one to three defects.
std::string mutate(std::string bytes, std::mt19937& random) {
  for (unsigned edits = 1 + random() % 3; edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 1:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        bytes[at] = static_cast<char>(bytes[at] ^ (1u << random() % 8));
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 40));
        break;
    }
  }
  return bytes;
}

TEST(Abuse, ten_thousand_malformed_requests_are_answered_or_closed) {
  run_in(WorldKind::real, [] {
    TestServer test(echo);
    std::vector<std::string> valid;
    for (const internal::RequestCase& each : internal::all_request_cases()) {
      if (each.status == 200 && each.bytes.size() < 1000) valid.push_back(each.bytes);
    }
    std::mt19937 random(4711);
    const auto attack = [&] {
      for (int i = 0; i < 2500; ++i) {
        const std::string bytes = mutate(valid[random() % valid.size()], random);
        EXPECT_THAT(talk(test.server.address(), bytes), AnyOf(IsEmpty(), StartsWith("HTTP/1.1 ")))
            << testing::PrintToString(bytes);
      }
      expect_served(test);
    };
    expect_no_growth(attack);
    EXPECT_GT(test.server.stats().requests_malformed, 1000u);
    EXPECT_EQ(test.server.stats().requests_in_flight, 0u);
  });
}

TEST(Abuse, half_closed_peers_get_their_reply_and_are_let_go) {
  run_in(WorldKind::real, [] {
    TestServer test(echo);
    const auto attack = [&] {
      std::vector<std::unique_ptr<RawClient>> peers;
      for (int i = 0; i < 300; ++i) {
        peers.push_back(std::make_unique<RawClient>(test.server.address()));
        if (i % 3 == 1) peers.back()->send(kGet);
        if (i % 3 == 2) peers.back()->send("GET / HT");
        peers.back()->finish_sending();
      }
      for (std::size_t i = 0; i < peers.size(); ++i) {
        const std::string reply = peers[i]->read_to_end();
        if (i % 3 == 1) {
          EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
        } else {
          EXPECT_EQ(reply, "");
        }
      }
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

TEST(Abuse, a_gigabyte_is_refused_before_it_is_sent) {
  run_in(WorldKind::real, [] {
    TestServer test(echo);
    const std::string piece(64 * 1024, 'x');
    const auto attack = [&] {
      RawClient client(test.server.address());
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n");
      auto sending = runtime::spawn([&] { return send_until_refused(client, piece, 1024 * kMegabyte); });
      EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
      EXPECT_LT(sending.join(), 32 * kMegabyte);  // what the buffers of the kernel and the lingering server take
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

TEST(Abuse, a_gigabyte_in_chunks_is_refused_at_the_limit) {
  run_in(WorldKind::real, [] {
    TestServer test(echo, {.body_bytes = kMegabyte});
    const std::string chunk = "10000\r\n" + std::string(64 * 1024, 'x') + "\r\n";
    const auto attack = [&] {
      RawClient client(test.server.address());
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      auto sending = runtime::spawn([&] { return send_until_refused(client, chunk, 1024 * kMegabyte); });
      EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
      EXPECT_LT(sending.join(), 32 * kMegabyte);
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

TEST(Abuse, an_announced_body_takes_no_memory_before_it_arrives) {
  run_in(WorldKind::real, [] {
    TestServer test(echo);
    expect_served(test);
    const std::size_t before = resident_bytes();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 200; ++i) {
      clients.push_back(std::make_unique<RawClient>(test.server.address()));
      clients.back()->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\nx");
      expect_served(test);
    }
    EXPECT_LT(resident_bytes(), before + 200 * kMegabyte / 4);
  });
}

TEST(Abuse, a_hundred_thousand_headers_are_refused) {
  run_in(WorldKind::real, [] {
    TestServer test(echo);
    std::string headers;
    for (int i = 0; i < 1000; ++i) headers += "x: y\r\n";
    const auto attack = [&] {
      RawClient client(test.server.address());
      client.send("GET / HTTP/1.1\r\nHost: a\r\n");
      auto sending = runtime::spawn([&] { return send_until_refused(client, headers, 100 * headers.size()); });
      EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 "));
      sending.join();
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

TEST(Abuse, a_pipeline_without_end_does_not_keep_others_waiting) {
  run_in(WorldKind::real, [] {
    int flooded = 0, flooded_before_other = 0;
    TestServer test([&](Request& request, Response&) {
      request.path() == "/other" ? void(flooded_before_other = flooded) : void(++flooded);
    });
    RawClient flood(test.server.address()), other(test.server.address());
    for (RawClient* const client : {&flood, &other}) {
      client->send(kGet);
      client->read_until("\r\n\r\n");
    }
    std::string requests;
    for (int i = 0; i < 100'000; ++i) requests += kGet;
    const std::vector<std::string_view> parts{requests};
    EXPECT_GT(flood.socket().try_write(parts), 10'000 * kGet.size());  // before the server sees any of it
    other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(other.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
    EXPECT_LT(flooded_before_other, 1000);
  });
}

TEST(Abuse, pipelines_without_end_are_served_in_bounded_memory) {
  run_in(WorldKind::real, [] {
    TestServer test([](Request&, Response& response) { response.body().assign(1000, 'x'); });
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += kGet;
    const auto attack = [&] {
      RawClient client(test.server.address());  // reads only once everything is sent, or nothing more goes out
      auto sending = runtime::spawn([&] {
        for (int i = 0; i < 20; ++i) client.send(requests);
        client.finish_sending();
      });
      std::size_t received = 0;
      char buffer[64 * 1024];
      while (const std::size_t size = client.socket().read_some(buffer)) received += size;
      sending.join();
      EXPECT_GT(received, 20'000u * 1000);
    };
    expect_no_growth(attack);
    expect_served(test);
  });
}

}  // namespace
}  // namespace marty::http
