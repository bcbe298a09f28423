// Several fibers write to one reply: whatever the schedule, the client gets all their pieces, whole and in the order of
// the calls. Each schedule has a seed that repeats it (test_seeds.hpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "marty/http/http2_connection.hpp"
#include "marty/http/internal/chunked.hpp"
#include "marty/http/internal/test_support.hpp"
#include "marty/runtime/internal/test_seeds.hpp"

namespace marty::http {
namespace {

using internal::RawClient;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using internal::WorldTest;
using namespace std::chrono_literals;

constexpr std::uint64_t kSchedulesEach = 75;

enum class Mode : std::uint8_t { http1_begun, http1_stream, http2_begun, http2_stream };

template <class Function>
class LambdaStream final : public BodyStream {
 public:
  explicit LambdaStream(Function function) : function_(std::move(function)) {}
  void write_to(BodyWriter& writer) override { function_(writer); }

 private:
  Function function_;
};

// One reply, its writers and its client, all of them as the seed says.
class Schedule {
 public:
  Schedule(Mode mode, std::uint64_t seed) : mode_(mode), dice_(seed * 4 + std::uint64_t(mode)) {}

  void run() {
    runtime::SimulatedWorld({.seed = dice_()}).run([&] {
      TestServer test([&](Request& request, Response& response) { answer(request, response); }, {.write_timeout = 20s});
      client_is_slow_ = is(2);
      client_is_late_ = is(2);
      if (is(5)) leaves_after_ = below(300'000);
      if (is(20)) sticks_after_ = below(50'000);
      is_http1() ? read_by_http1(test.server.address()) : read_by_http2(test.server.address());
      while (!ended_) runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    });
    const bool whole = !leaves_after_ && !sticks_after_;
    if (whole) {
      EXPECT_TRUE(got_ == expected_) << got_.size() << " bytes instead of " << expected_.size();
      EXPECT_EQ(failures_, 0);
    } else {
      EXPECT_TRUE(expected_.starts_with(got_)) << "the " << got_.size() << " bytes that came are others";
    }
  }

 private:
  bool is_http1() const { return mode_ == Mode::http1_begun || mode_ == Mode::http1_stream; }
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(dice_); }
  bool is(std::size_t one_of) { return below(one_of) == 0; }

  void answer(Request&, Response& response) {
    if (mode_ == Mode::http1_begun || mode_ == Mode::http2_begun) return write_all(response.begin());
    response.set_stream(
        std::make_unique<LambdaStream<std::function<void(BodyWriter&)>>>([&](BodyWriter& out) { write_all(out); }));
  }

  void write_all(BodyWriter& out) {
    struct End {
      bool& ended;
      ~End() { ended = true; }
    } end{ended_};
    const auto writer = [&](int number) { return [this, &out, number] { write(out, number); }; };
    std::vector<runtime::Task<decltype(writer(0))>> tasks;
    const std::size_t others = below(5);
    for (std::size_t i = 0; i < others; ++i) tasks.emplace_back(writer(int(i) + 1));
    write(out, 0);
    if (is(3)) everything_arrives_soon(out);
    if (is(2) && !tasks.empty()) {
      wait();
      tasks[below(tasks.size())].cancel();
      was_cancelled_ = true;
    }
    if (is(4)) {
      was_cancelled_ = was_cancelled_ || !tasks.empty();
      tasks.clear();  // as a heartbeat is that goes with its feed
    }
    for (auto& task : tasks) task.join();
    if (is(3)) everything_arrives_soon(out);
  }

  // Nobody writes any more, and the reply goes on: nothing may wait for the next piece, nor for the end. A streamed
  // reply gathers small pieces until it is told to flush.
  void everything_arrives_soon(BodyWriter& out) {
    if (leaves_after_ || sticks_after_) return;
    runtime::sleep_for(5s);  // tidy:allow(sleep): virtual; the others have written
    if (mode_ == Mode::http1_stream || mode_ == Mode::http2_stream) out.flush();
    runtime::sleep_for(5s);  // tidy:allow(sleep): virtual; a slow client reads on
    EXPECT_EQ(got_.size(), expected_.size()) << "bytes that came before the reply ended";
  }

  void write(BodyWriter& out, int number) {
    try {
      const std::size_t pieces = 1 + below(8);
      std::optional<runtime::DeadlineScope> scope;
      if (is(10)) scope.emplace(runtime::Duration(std::chrono::microseconds(1 + below(20'000)))), has_deadline_ = true;
      for (std::size_t i = 0; i < pieces; ++i) {
        const std::size_t sizes[] = {10, 300, 9'000, 150'000};
        std::string piece = "<" + std::to_string(number) + "." + std::to_string(i) + ">";
        piece.append(1 + below(sizes[below(4)]), static_cast<char>('a' + number));
        expected_ += piece;
        out.write(piece);
        piece.assign(piece.size(), '!');  // it was the writer's for as long as the call took
        if (is(3)) out.flush();
        if (is(3)) wait();
      }
    } catch (const Error& error) {
      const bool interrupted = was_cancelled_ || has_deadline_ || leaves_after_ || sticks_after_;
      if (!interrupted) ++failures_;
      EXPECT_TRUE(error.code() == Code::cancelled || error.code() == Code::deadline_exceeded) << error.message();
    }
  }

  void wait() { is(2) ? runtime::yield() : runtime::sleep_for(std::chrono::microseconds(below(3'000))); }

  // More than the network holds may be written by then.
  void be_late() {
    if (client_is_late_) runtime::sleep_for(std::chrono::milliseconds(below(100)));  // tidy:allow(sleep): so late
  }

  // What the client does after each read. False: it goes.
  bool goes_on() {
    if (client_is_slow_ && is(3))
      runtime::sleep_for(std::chrono::microseconds(below(8'000)));  // tidy:allow(sleep): so slow
    if (sticks_after_ && got_.size() > *sticks_after_) {
      while (!ended_) runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
      return false;
    }
    return !leaves_after_ || got_.size() <= *leaves_after_;
  }

  void read_by_http1(const runtime::Address& address) {
    runtime::Socket socket = runtime::connect(address);
    socket.write({"GET / HTTP/1.1\r\nHost: a\r\n\r\n"});
    be_late();
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && socket.read_some({&byte, 1}) != 0) head += byte;
    const std::size_t length_at = head.find("Content-Length: ");
    const bool chunked = length_at == std::string::npos;
    const std::size_t length = chunked ? 0 : std::stoul(head.substr(length_at + 16));
    internal::ChunkedDecoder decoder;
    while (chunked ? !decoder.done() : got_.size() < length) {
      if (!goes_on()) return;
      char buffer[20'000];
      const std::size_t size = socket.read_some({buffer, 1 + below(sizeof buffer)});
      if (size == 0) return got_ += "(cut)", void();
      if (chunked ? !decode(decoder, {buffer, size}) : (got_.append(buffer, size), false)) return;
    }
  }

  bool decode(internal::ChunkedDecoder& decoder, std::string_view bytes) {
    char buffer[20'000];
    while (!bytes.empty() && !decoder.done()) {
      const auto step = decoder.decode(bytes, buffer);
      if (!step) return got_ += "(not a chunk)", false;
      got_.append(buffer, step->produced);
      bytes.remove_prefix(step->consumed);
    }
    EXPECT_TRUE(bytes.empty()) << "bytes behind the end of the body";
    return true;
  }

  void read_by_http2(const runtime::Address& address) {
    Http2Connection connection(runtime::connect(address),
                               {.stream_window_bytes = 65'535 + below(200'000), .connection_window_bytes = 1 << 20});
    ClientStream stream = connection.open({.method = "GET", .authority = "a"}, "");
    be_late();
    try {
      for (std::string_view piece; goes_on() && !(piece = stream.read_piece()).empty();) got_ += piece;
    } catch (const Error& error) {
      if (!sticks_after_) got_ += error.message();
    }
  }

  const Mode mode_;
  std::mt19937_64 dice_;
  std::string expected_;  // the pieces in the order of the calls
  std::string got_;
  std::optional<std::size_t> leaves_after_;  // bytes
  std::optional<std::size_t> sticks_after_;
  int failures_ = 0;
  bool client_is_slow_ = false;
  bool client_is_late_ = false;
  bool was_cancelled_ = false;
  bool has_deadline_ = false;
  bool ended_ = false;
};

class SeveralWritersOf : public testing::TestWithParam<Mode> {};

std::string mode_name(const testing::TestParamInfo<Mode>& test) {
  constexpr const char* kNames[] = {"http1_begun", "http1_stream", "http2_begun", "http2_stream"};
  return kNames[std::size_t(test.param)];
}
INSTANTIATE_TEST_SUITE_P(Modes, SeveralWritersOf,
                         testing::Values(Mode::http1_begun, Mode::http1_stream, Mode::http2_begun, Mode::http2_stream),
                         mode_name);

TEST_P(SeveralWritersOf, keep_their_pieces_whole_and_in_order_whatever_the_schedule) {
  for (runtime::internal::Seeds seeds(kSchedulesEach); seeds.left(); seeds.next()) {
    SCOPED_TRACE(seeds.name());
    Schedule(GetParam(), seeds.now()).run();
    if (HasFailure()) return;
  }
}

// As they came to light: a feed waits for a slow client, and its heartbeat writes meanwhile.
TEST(SeveralWriters, a_heartbeat_writes_while_its_feed_waits_for_a_slow_client) {
  for (const WorldKind world : {WorldKind::real, WorldKind::simulated}) {
    run_in(world, [] {
      TestServer test([](Request&, Response& response) {
        BodyWriter& out = response.begin();
        auto heartbeat = runtime::spawn([&] {
          runtime::sleep_for(50ms);  // tidy:allow(sleep): what a heartbeat does
          out.write(std::string(12'000, 'b'));
          out.flush();
        });
        for (int i = 0; i < 2000; ++i) {
          out.write(std::string(8'000, 'a'));
          out.flush();
        }
        heartbeat.join();
      });
      RawClient client(test.server.address());
      client.send("GET / HTTP/1.0\r\n\r\n");
      runtime::sleep_for(100ms);  // tidy:allow(sleep): so slow
      std::string body = client.read_to_end();
      body.erase(0, body.find("\r\n\r\n") + 4);
      EXPECT_EQ(std::count(body.begin(), body.end(), 'a'), 16'000'000);
      EXPECT_EQ(body.find(std::string(12'000, 'b')) % 8'000, 0u) << "in one piece, between two others";
      EXPECT_EQ(body.size(), 16'012'000u);
    });
  }
}

TEST(SeveralWriters, a_writer_that_is_cancelled_in_the_middle_leaves_the_reply_whole) {
  run_in(WorldKind::simulated, [] {
    std::string sent;
    TestServer test([&](Request&, Response& response) {
      BodyWriter& out = response.begin();
      const std::string large(600'000, 'L');  // more than the network holds
      auto writer = runtime::spawn([&] { out.write(large); });
      runtime::sleep_for(20ms);  // tidy:allow(sleep): virtual
      writer.cancel();
      EXPECT_EQ(internal::error_of([&] { writer.join(); }).code(), Code::cancelled);
      out.write("end");
    });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.0\r\n\r\n");
    runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    const std::string reply = client.read_to_end();
    EXPECT_TRUE(reply.ends_with("\r\n\r\n" + std::string(600'000, 'L') + "end"));
  });
}

// As at the end of a drain: nothing of it waits for a client that takes nothing.
TEST(SeveralWriters, who_is_cancelled_while_it_waits_for_another_ends_at_once) {
  run_in(WorldKind::simulated, [] {
    runtime::TimePoint cancelled{}, ended{};
    TestServer test([&](Request&, Response& response) {
      BodyWriter& out = response.begin();
      out.write(std::string(260'000, 'x'));  // as much as the network holds
      out.write(std::string(10'000, 'z'));   // and more
      runtime::sleep_for(10ms);              // tidy:allow(sleep): virtual; the pump waits for the client
      auto writer = runtime::spawn([&] {
        for (int i = 0; i < 10; ++i) out.write(std::string(10'000, 'y'));
      });
      runtime::sleep_for(10ms);  // tidy:allow(sleep): virtual
      cancelled = runtime::now();
      writer.cancel();
      EXPECT_EQ(internal::error_of([&] { writer.join(); }).code(), Code::cancelled);
      ended = runtime::now();
    });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    runtime::sleep_for(5s);  // tidy:allow(sleep): virtual
    EXPECT_EQ(ended, cancelled);
    EXPECT_EQ(ended == runtime::TimePoint(), false);
    client.read_until("0\r\n\r\n");
  });
}

// A handler writes and then goes on for an hour without a word: what it wrote arrives all the same.
std::string body_before_silence(std::function<void(BodyWriter&)> write) {
  std::string body;
  run_in(WorldKind::simulated, [&] {
    TestServer test([&](Request&, Response& response) {
      write(response.begin());
      runtime::sleep_for(1h);  // tidy:allow(sleep): virtual
    });
    runtime::Socket socket = runtime::connect(test.server.address());
    socket.write({"GET / HTTP/1.0\r\n\r\n"});
    runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    try {
      const runtime::DeadlineScope scope(10s);
      for (std::string piece(64 * 1024, '\0');;) {
        const std::size_t size = socket.read_some(piece);
        body.append(piece, 0, size);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::deadline_exceeded);
    }
  });
  body.erase(0, body.find("\r\n\r\n") + 4);
  return body;
}

TEST(SeveralWriters, what_is_written_while_the_rest_waits_for_a_slow_client_does_not_wait_for_more) {
  const std::string body = body_before_silence([](BodyWriter& out) {
    out.write(std::string(260'000, 'x'));  // as much as the network holds
    out.write(std::string(10'000, 'y'));   // and more
    runtime::sleep_for(10ms);              // tidy:allow(sleep): virtual; the pump waits for the client
    out.write("z");
  });
  EXPECT_EQ(body.size(), 270'001u);
  EXPECT_TRUE(body.ends_with("yz"));
}

TEST(SeveralWriters, what_a_cancelled_writer_had_begun_does_not_wait_for_another_one) {
  for (const bool is_late : {false, true}) {
    const std::string body = body_before_silence([is_late](BodyWriter& out) {
      std::optional<runtime::DeadlineScope> scope;
      if (is_late) scope.emplace(20ms);
      auto writer = runtime::spawn([&] { out.write(std::string(600'000, 'L')); });
      if (!is_late) {
        runtime::sleep_for(20ms);  // tidy:allow(sleep): virtual
        writer.cancel();
      }
      const Code code = internal::error_of([&] { writer.join(); }).code();
      EXPECT_EQ(code, is_late ? Code::deadline_exceeded : Code::cancelled);
    });
    EXPECT_EQ(body.size(), 600'000u) << is_late;
  }
}

TEST(SeveralWriters, a_reply_that_another_fiber_began_cancels_the_handler_where_the_client_goes) {
  run_in(WorldKind::simulated, [] {
    Code code = Code::ok;
    runtime::Event ended;
    TestServer test([&](Request&, Response& response) {
      runtime::spawn([&] { response.begin().write("one"); }).join();
      code = internal::error_of([] { runtime::sleep_for(1h); }).code();  // tidy:allow(sleep): virtual
      ended.set();
    });
    RawClient client(test.server.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("one");
    client.close();
    ended.wait();
    EXPECT_EQ(code, Code::cancelled);
  });
}

TEST(SeveralWriters, a_streamed_reply_reads_the_request_that_still_arrives) {
  for (const WorldKind world : {WorldKind::real, WorldKind::simulated}) {
    run_in(world, [] {
      TestServer test([](Request& request, Response& response) {
        response.set_stream(
            std::make_unique<LambdaStream<std::function<void(BodyWriter&)>>>([&request](BodyWriter& out) {
              out.flush();
              while (true) {
                const std::string_view piece = request.body_source->read_piece();
                if (piece.empty()) return;
                out.write(piece);
              }
            }));
      });
      RawClient client(test.server.address());
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none");
      client.read_until("\r\n\r\n");
      EXPECT_EQ(client.read_until("one\r\n"), "3\r\none\r\n");
      client.send("two");
      EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\ntwo\r\n0\r\n\r\n");
    });
  }
}

}  // namespace
}  // namespace marty::http
