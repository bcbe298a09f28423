// What an idle connection costs: memory from operator new, counted, and no fiber.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "marty/http/internal/test_support.hpp"
#include "marty/http/server.hpp"

namespace {
std::size_t live_bytes = 0;  // what malloc gave, overhead of its blocks included
constexpr std::size_t kBlockOverheadBytes = 8;
}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(block) + kBlockOverheadBytes;
  return block;
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  live_bytes -= malloc_usable_size(block) + kBlockOverheadBytes;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

namespace marty::http {
namespace {

constexpr std::size_t kMaxBytesPerConnection = 1536;

// Ten thousand, or as many as this process may have descriptors: both ends of a connection are here.
std::size_t connections_to_open() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return std::min<std::size_t>(10'000, (limit.rlim_cur - 100) / 2);
}

TEST(IdleConnections, hold_little_memory_after_a_request) {
  internal::run_in(internal::WorldKind::real, [] {
    internal::TestServer test([](Request&, Response& response) { response.set_body("hello", "text/plain"); });
    const std::size_t count = connections_to_open();
    std::vector<runtime::Socket> clients(count);
    const auto open = [&](runtime::Socket& client) {
      client = runtime::connect(test.server.address());
      client.write({"GET / HTTP/1.1\r\nHost: a\r\n\r\n"});
      char reply[1024];
      ASSERT_GT(client.read_some(reply), 0u);
    };
    open(clients[0]);  // what is made once
    runtime::yield();
    const std::size_t before = live_bytes;
    for (std::size_t i = 1; i < count; ++i) open(clients[i]);
    runtime::yield();
    const std::size_t per_connection = (live_bytes - before) / (count - 1);
    std::printf("%zu idle connections: %zu bytes each, the client's socket included\n", count, per_connection);
    EXPECT_EQ(test.server.stats().connections_open, count);
    EXPECT_LE(per_connection, kMaxBytesPerConnection);
  });
}

}  // namespace
}  // namespace marty::http
