// Memory may run out at any place. Here each allocation of a request fails in turn – alone, and with all that follow –
// in a whole service with logging, spans, metrics, a database and export: the process goes on, the caller gets a reply
// of 503 at worst or a closed connection, and the next request is served.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "failing_memory.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/internal/line_observer.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/span.hpp"
#include "sqlite/sqlite.hpp"

namespace marty {
namespace {

using failing_memory::failures;
using failing_memory::kNever;
using failing_memory::left;
using failing_memory::spared;

struct Item {
  std::int64_t id = 0;
  std::string name;
};

constexpr Logger kLog("items");

void build(Service& service) {
  service.database("sqlite", sqlite::driver);
  service.on_start("tables", [](Database& database) {
    database.execute("create table items (id integer primary key, name text not null)");
  });
  service.get(
      "/items/{id}",
      [](web::Path<std::int64_t> id) {
        telemetry::annotate("item.id", *id);
        telemetry::Span span("look the item up", {{"shelf", "a shelf whose name is no short one"}});
        span.event("looked up", {{"where", "in the cupboard in the hall, which has not been opened for long"}});
        kLog.debug("looked an item up", {{"id", *id}, {"where", "in the cupboard in the hall"}});
        return Item{*id, "an item whose name finds no room in a string without an allocation"};
      },
      "Gets one");
  service.post(
      "/items",
      [](Transaction& transaction, web::Body<Item> item) {
        transaction.execute("insert into items (name) values (?)", item->name);
        return *item;
      },
      "Adds one");
  service.get(
      "/broken",
      []() -> Item {
        try {
          throw std::runtime_error("a cause that is no error of ours, with a text that is long enough");
        } catch (...) {
          throw Error(Code::internal, "this one is broken, as it is meant to be", std::current_exception());
        }
      },
      "Fails");
}

// A blocking socket in a thread of its own.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << "connect";
  }
  ~Connection() { ::close(descriptor_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // False: it is closed. A failure of the test where nothing comes for long.
  bool read_more() {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) {
      ADD_FAILURE() << "nothing came; so far: " << received_;
      return false;
    }
    char buffer[4096];
    const ssize_t size = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (size > 0) received_.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }
  const std::string& received() const { return received_; }

 private:
  const int descriptor_;
  std::string received_;
};

// The status of the reply; 0: the connection was closed without one.
int ask(std::uint16_t port, std::string_view request) {
  Connection connection(port);
  connection.send(request);
  while (connection.read_more()) {
  }
  const std::string& reply = connection.received();
  return reply.starts_with("HTTP/1.1 ") ? std::atoi(reply.c_str() + 9) : 0;
}

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: items\r\nConnection: close\r\n\r\n";
}

std::string frame(char type, char flags, char stream, std::string_view payload) {
  std::string head{0, 0, static_cast<char>(payload.size()), type, flags, 0, 0, 0, stream};
  return head.append(payload);
}

// The same over HTTP/2 (RFC 9113): 200 for any reply that is whole, 0 for a stream or a connection that was ended.
int ask_http2(std::uint16_t port, std::string_view path) {
  std::string fields = "\x82\x86";  // RFC 7541: GET, http
  fields += std::string("\x04") + static_cast<char>(path.size()) + std::string(path);
  fields += std::string("\x01\x05items");
  Connection connection(port);
  connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "") + frame(1, 5, 1, fields));
  std::size_t at = 0;
  do {
    const std::string& bytes = connection.received();
    while (bytes.size() >= at + 9) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
      const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
      if (bytes.size() < at + 9 + size) break;
      if (byte(3) == 3 || byte(3) == 7) return 0;
      if (byte(3) <= 1 && byte(8) == 1 && (byte(4) & 1) != 0) return 200;
      at += 9 + size;
    }
  } while (connection.read_more());
  return 0;
}

// Takes telemetry and throws it away; counts requests.
class Collector {
 public:
  Collector() {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(descriptor_, 16), 0);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Collector() {
    ::shutdown(descriptor_, SHUT_RDWR);
    thread_.join();
    ::close(descriptor_);
  }
  std::uint16_t port() const { return port_; }
  int requests() const { return requests_; }
  void wait_for_another(int milliseconds) const {
    for (const int before = requests_; requests_ == before && milliseconds > 0; --milliseconds) ::poll(nullptr, 0, 1);
  }

 private:
  // Closing after each reply spares it to know where a request ends.
  void run() {
    spared = true;
    for (;;) {
      const int client = ::accept(descriptor_, nullptr, nullptr);
      if (client < 0) return;
      char buffer[64 * 1024];
      if (::recv(client, buffer, sizeof buffer, 0) > 0) {
        ++requests_;
        constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        ::send(client, kReply.data(), kReply.size(), MSG_NOSIGNAL);
      }
      ::shutdown(client, SHUT_WR);
      while (::recv(client, buffer, sizeof buffer, 0) > 0) {
      }
      ::close(client);
    }
  }

  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

// Runs the service on this thread, and `client` on one whose memory does not run out.
void with_service(const std::function<void(std::uint16_t port, Collector& collector)>& client) {
  telemetry::internal::line_observer = nullptr;  // it needs memory, too
  Collector collector;
  runtime::World::real({.loops = 1})->run([&] {
    telemetry::RecordingSink log;
    const std::string endpoint = "http://127.0.0.1:" + std::to_string(collector.port());
    Service service("items", ServiceOptions{.directory = "/nonexistent",
                                            .environment = "testing",
                                            .variables = {{"MARTY_SERVER__HTTP_PORT", "0"},
                                                          {"MARTY_LOGGING__LEVEL", "trace"},
                                                          {"MARTY_TELEMETRY__TRACING__SAMPLE_RATIO", "1"},
                                                          {"MARTY_TELEMETRY__OTLP__ENDPOINT", endpoint},
                                                          {"MARTY_TELEMETRY__OTLP__LOGS", "true"},
                                                          {"MARTY_TELEMETRY__OTLP__METRICS_INTERVAL", "100ms"}},
                                            .log_sink = &log});
    build(service);
    try {
      service.start();
    } catch (...) {
      FAIL() << describe(std::current_exception());
    }
    const std::uint16_t port = service.address().port();
    runtime::Event done;
    runtime::Loop& loop = runtime::Loop::current();
    std::thread thread([&] {
      spared = true;
      client(port, collector);
      left = kNever;
      loop.post([&done] { done.set(); });
    });
    done.wait();
    thread.join();
    service.stop();
  });
}

// Makes the first, the second ... allocation of `act` fail, and as many behind it as `count` says, until `act` needs no
// more of them; `check` comes after each. Returns how many places were tried.
template <class Act, class Check>
int fail_each(long count, int limit, Act&& act, Check&& check) {
  for (int place = 0; place < limit; ++place) {
    SCOPED_TRACE("allocation " + std::to_string(place) + " and " + std::to_string(count - 1) + " more");
    failures = count;
    left = place;
    act();
    const bool was_reached = left.exchange(kNever) <= 0;
    check();
    if (!was_reached || ::testing::Test::HasFailure()) return place;
  }
  return limit;
}

class WithoutMemory : public ::testing::TestWithParam<long> {};

TEST_P(WithoutMemory, every_request_is_answered_or_its_connection_closed_and_the_next_one_served) {
  constexpr std::string_view kPost =
      "POST /items HTTP/1.1\r\nHost: items\r\nConnection: close\r\nContent-Type: application/json\r\n"
      "Content-Length: 25\r\n\r\n{\"id\":7,\"name\":\"a thing\"}";
  const std::map<std::string, int> expected{
      {get("/items/7?colour=red"), 200},
      {get("/broken"), 500},
      {std::string(kPost), 200},
      {get("/nothing"), 404},
      {get("/health"), 200},
      {get("/metrics"), 200},
  };
  with_service([&](std::uint16_t port, Collector&) {
    for (const auto& [request, status] : expected) {
      SCOPED_TRACE(request.substr(0, request.find('\r')));
      EXPECT_EQ(ask(port, request), status);
      int full = 0;
      const auto act = [&, &request = request, &status = status] {
        const int answer = ask(port, request);
        if (answer == status) ++full;
        EXPECT_THAT(answer, ::testing::AnyOf(status, 503, 0));
      };
      const int places = fail_each(GetParam(), 300, act, [&] { EXPECT_EQ(ask(port, get("/items/1")), 200); });
      EXPECT_GT(places, 0);
      std::printf("%s: %d allocations, %d answered in full\n", request.substr(0, request.find('\r')).c_str(), places,
                  full);
    }
  });
}

TEST_P(WithoutMemory, a_stream_of_http2_is_answered_or_ended_and_the_next_one_served) {
  with_service([](std::uint16_t port, Collector&) {
    EXPECT_EQ(ask_http2(port, "/items/7"), 200);
    const int places = fail_each(
        GetParam(), 800, [&] { ask_http2(port, "/items/7"); }, [&] { EXPECT_EQ(ask_http2(port, "/items/1"), 200); });
    EXPECT_GT(places, 0);
  });
}

TEST_P(WithoutMemory, what_is_exported_is_lost_at_worst_and_the_export_goes_on) {
  with_service([](std::uint16_t port, Collector& collector) {
    const auto act = [&] {
      ask(port, get("/items/7"));
      collector.wait_for_another(150);
    };
    fail_each(GetParam(), 30, act, [] {});
    const int before = collector.requests();
    for (int i = 0; i < 100 && collector.requests() < before + 3; ++i) collector.wait_for_another(100);
    EXPECT_GE(collector.requests(), before + 3) << "the export has ended";
  });
}

INSTANTIATE_TEST_SUITE_P(Failures, WithoutMemory, ::testing::Values(1, 10, 1000));

}  // namespace
}  // namespace marty
