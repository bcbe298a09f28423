// Several fibers write to one stream of gRPC, and several read it: who comes while another one is at it is refused with
// failed_precondition, and everybody else's messages arrive, whole and in the order of the calls. Each
// schedule has a seed that repeats it (test_seeds.hpp).
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "marty/grpc/detail.hpp"
#include "marty/grpc/internal/test_server.hpp"
#include "marty/runtime/internal/test_seeds.hpp"
#include "marty/runtime/sync.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::TestServer;
using route::v1::Point;
using route::v1::Route;
using namespace std::chrono_literals;

constexpr std::uint64_t kSchedulesEach = 50;

enum class Kind : std::uint8_t { server_stream, chat };

// One stream, its writers and its caller, all of them as the seed says.
class Schedule {
 public:
  Schedule(Kind kind, std::uint64_t seed) : kind_(kind), dice_(seed * 2 + std::uint64_t(kind)) {}

  void run() {
    runtime::SimulatedWorld({.seed = dice_()}).run([&] {
      TestServer server([&](web::App& app) {
        add(app, Route{.list = [&](const route::v1::Task&, Writer<Point>& out) { write_all(out); },
                       .chat =
                           [&](Reader<Point>& in, Writer<Point>& out) {
                             auto reader = runtime::spawn([&] { read_all(in, asked_got_); });
                             write_all(out);
                             reader.join();
                           }});
      });
      Route::Client client(*server.channel);
      caller_is_slow_ = is(2);
      if (is(5)) leaves_after_ = below(20);
      kind_ == Kind::server_stream ? call_list(client) : call_chat(client);
      while (!ended_) runtime::sleep_for(1s);  // tidy:allow(sleep): virtual
    });
    EXPECT_TRUE(is_beginning(got_, sent_)) << got_.size() << " of " << sent_.size() << " messages, or other ones";
    EXPECT_TRUE(is_beginning(asked_got_, asked_sent_)) << asked_got_.size() << " of " << asked_sent_.size();
    if (leaves_after_) return;
    EXPECT_EQ(got_.size(), sent_.size());
    EXPECT_EQ(asked_got_.size(), asked_sent_.size());
  }

 private:
  using Messages = std::vector<std::string>;

  static bool is_beginning(const Messages& some, const Messages& all) {
    return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
  }
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(dice_); }
  bool is(std::size_t one_of) { return below(one_of) == 0; }
  void wait() { is(2) ? runtime::yield() : runtime::sleep_for(std::chrono::microseconds(below(3'000))); }

  void write_all(Writer<Point>& out) {
    struct End {
      bool& ended;
      ~End() { ended = true; }
    } end{ended_};
    write_by_several(out, sent_);
  }

  // `sent`: the messages in the order of the calls that were not refused.
  template <class Out>
  void write_by_several(Out& out, Messages& sent) {
    const auto writer = [&](int number) { return [this, &out, &sent, number] { write(out, sent, number); }; };
    std::vector<runtime::Task<decltype(writer(0))>> tasks;
    const std::size_t others = below(4);
    for (std::size_t i = 0; i < others; ++i) tasks.emplace_back(writer(int(i) + 1));
    write(out, sent, 0);
    for (auto& task : tasks) task.join();
  }

  template <class Out>
  void write(Out& out, Messages& sent, int number) {
    const std::size_t count = 1 + below(8);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t sizes[] = {10, 300, 9'000, 90'000};
      Point message;
      message.set_name(std::to_string(number) + "." + std::to_string(i) + std::string(below(sizes[below(4)]), 'a'));
      const std::size_t at = sent.size();
      sent.push_back(message.name());
      try {
        out.write(message);
      } catch (const Error& error) {
        if (error.code() != Code::failed_precondition) return failed(error);
        sent.erase(sent.begin() + std::ptrdiff_t(at));  // another one was writing, and still is
      }
      message.set_name("!");  // it was the writer's for as long as the call took
      wait();
    }
  }

  void failed(const Error& error) { EXPECT_TRUE(leaves_after_.has_value()) << error.message(); }

  template <class In>
  void read_all(In& in, Messages& got) {
    try {
      for (Point message; in.read(message);) {
        got.push_back(message.name());
        if (leaves_after_ && got.size() > *leaves_after_) return;
        if (caller_is_slow_ && is(3)) wait();
      }
    } catch (const Error& error) {
      failed(error);
    }
  }

  void call_list(Route::Client& client) {
    auto stream = client.list({});
    read_all(stream, got_);
  }

  // A caller that reads no more of what it asked for, and goes on writing, is reset in the end.
  void call_chat(Route::Client& client) {
    auto stream = client.chat();
    auto writer = runtime::spawn([&] {
      write_by_several(stream, asked_sent_);
      try {
        stream.finish_writing();
      } catch (const Error& error) {
        failed(error);
      }
    });
    read_all(stream, got_);
    writer.join();
  }

  const Kind kind_;
  std::mt19937_64 dice_;
  Messages sent_, got_, asked_sent_, asked_got_;
  std::optional<std::size_t> leaves_after_;  // messages
  bool caller_is_slow_ = false;
  bool ended_ = false;
};

class SeveralWritersOf : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SeveralWritersOf, testing::Values(Kind::server_stream, Kind::chat),
                         [](const auto& test) { return test.param == Kind::chat ? "chat" : "server_stream"; });

TEST_P(SeveralWritersOf, are_refused_or_keep_their_messages_whole_and_in_order_whatever_the_schedule) {
  for (runtime::internal::Seeds seeds(kSchedulesEach); seeds.left(); seeds.next()) {
    SCOPED_TRACE(seeds.name());
    Schedule(GetParam(), seeds.now()).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace marty::grpc
