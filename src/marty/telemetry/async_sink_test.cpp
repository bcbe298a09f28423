#include "marty/telemetry/async_sink.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "marty/base/error.hpp"
#include "marty/telemetry/log_file.hpp"

namespace marty::telemetry {
namespace {

// A pipe whose ends close with the test.
struct Pipe {
  explicit Pipe(int flags = 0) { EXPECT_EQ(::pipe2(ends, flags), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() { ::close(std::exchange(ends[0], -1)); }
  void close_writer() { ::close(std::exchange(ends[1], -1)); }
  std::string read_all() const {
    std::string text;
    char piece[65536];
    for (ssize_t size; (size = ::read(ends[0], piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(size));
    return text;
  }
  int ends[2];
};

std::unique_ptr<LogOutput> output(const Pipe& pipe) { return std::make_unique<DescriptorOutput>(pipe.ends[1]); }

std::string line_of(std::size_t bytes, char letter = 'x') { return std::string(bytes - 1, letter) + "\n"; }

TEST(AsyncSink, brings_lines_out_in_their_order) {
  const Pipe pipe;
  AsyncSink sink(output(pipe));
  sink.write("first\n");
  sink.write("second\n");
  sink.flush();
  char text[64];
  const ssize_t size = ::read(pipe.ends[0], text, sizeof text);
  EXPECT_EQ(std::string_view(text, static_cast<std::size_t>(size)), "first\nsecond\n");
  EXPECT_EQ(sink.dropped(), 0u);
}

TEST(AsyncSink, its_end_brings_out_what_waits) {
  Pipe pipe;
  AsyncSink(output(pipe)).write("last words\n");
  pipe.close_writer();
  EXPECT_EQ(pipe.read_all(), "last words\n");
}

TEST(AsyncSink, where_asked_to_writers_wait_for_a_slow_reader_and_nothing_is_lost_or_mixed) {
  Pipe pipe;
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  {
    AsyncSink sink(output(pipe), OnFull::wait);
    std::vector<std::thread> writers;
    for (char letter = 'a'; letter < 'e'; ++letter) {
      writers.emplace_back([&sink, letter] {
        for (int i = 0; i < 200; ++i) sink.write(line_of(20'000, letter));
      });
    }
    for (std::thread& writer : writers) writer.join();
    sink.flush();
    EXPECT_EQ(sink.dropped(), 0u);
  }
  pipe.close_writer();
  reader.join();
  ASSERT_EQ(text.size(), 800u * 20'000);
  for (std::size_t line = 0; line < 800; ++line) {
    const std::string_view view = std::string_view(text).substr(line * 20'000, 20'000);
    EXPECT_EQ(view.find_first_not_of(view[0]), 19'999u);
  }
}

TEST(Patience, is_so_much_of_each_second) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  Patience patience(5);
  for (const std::int64_t second : {7 * kSecond, 8 * kSecond, 10 * kSecond}) {
    int waits = 0;
    for (; patience.left(second + waits); ++waits) patience.spend(2);
    EXPECT_EQ(waits, 3);
    EXPECT_FALSE(patience.left(second + kSecond - 1));
  }
}

// How often this thread gave its processor away of its own accord, as each wait does.
long waits_of_this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

// A reader that takes 4 KiB of each 100 KB written: never stuck, and never quick enough.
TEST(AsyncSink, a_slow_reader_slows_no_writer_down_but_costs_lines_which_are_counted) {
  constexpr std::uint64_t kLines = 20'000;
  constexpr std::size_t kLineBytes = 400;
  Pipe pipe;
  std::string text;
  std::thread reader;
  {
    AsyncSink sink(output(pipe));
    const long before = waits_of_this_thread();
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t line = 0; line < kLines; ++line) {
      sink.write(line_of(kLineBytes));
      if (line % 250 != 249) continue;
      char piece[4096];
      const ssize_t size = ::read(pipe.ends[0], piece, sizeof piece);
      text.append(piece, static_cast<std::size_t>(size));
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
    // Of 5 ms a second, in pauses of 100 us, and some for what the reader waits for.
    EXPECT_LE(waits_of_this_thread() - before, 51 * (seconds.count() + 2) + 80);
    EXPECT_GT(sink.dropped(), kLines / 2) << "two buffers of 1 MiB and the pipe hold some 5,400 lines";
    reader = std::thread([&] { text += pipe.read_all(); });
    sink.flush();
  }
  pipe.close_writer();
  reader.join();
  EXPECT_EQ(text.size() % kLineBytes, 0u) << "no line was cut";
}

class StuckPipe : public testing::TestWithParam<int> {};  // flags of the pipe
INSTANTIATE_TEST_SUITE_P(BlockingAndNot, StuckPipe, testing::Values(0, O_NONBLOCK));

TEST_P(StuckPipe, drops_and_counts_whole_lines_and_goes_on_when_it_is_read) {
  constexpr std::uint64_t kLines = 400;
  Pipe pipe(GetParam());
  std::string text;
  std::uint64_t written = 0, dropped = 0;
  std::thread reader;
  {
    AsyncSink sink(output(pipe));
    for (; written < kLines; ++written) sink.write(line_of(10'000));
    EXPECT_GT(sink.dropped(), kLines / 4) << "two buffers of 1 MiB and the pipe hold some 210 lines";
    EXPECT_LT(sink.dropped(), kLines * 3 / 4);
    sink.flush();  // returns, though nobody reads
    ASSERT_EQ(::fcntl(pipe.ends[0], F_SETFL, 0), 0);
    reader = std::thread([&] { text = pipe.read_all(); });
    do {
      dropped = sink.dropped();
      sink.write(line_of(10'000));
      ++written;
    } while (sink.dropped() != dropped);
  }
  pipe.close_writer();
  reader.join();
  EXPECT_EQ(text.size() % 10'000, 0u) << "no line was cut";
  EXPECT_EQ(text.size() / 10'000 + dropped, written) << "each line was written or counted";
}

TEST(AsyncSink, a_closed_pipe_is_counted_and_kills_nobody) {
  Pipe pipe;
  pipe.close_reader();
  AsyncSink sink(output(pipe));
  sink.write("lost\n");
  sink.write("lost as well\n");
  sink.flush();
  EXPECT_EQ(sink.dropped(), 2u);
}

// A limit of the process on the size of files stands in for a disk: the kernel cuts the write that meets it.
TEST(AsyncSink, a_full_disk_drops_and_counts_whole_lines_and_goes_on_when_there_is_room) {
  const std::string path = testing::TempDir() + "marty-full-disk-" + std::to_string(::getpid());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{.rlim_cur = 10'500, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  {
    AsyncSink sink(std::make_unique<LogFile>(LogFileOptions{.path = path}));
    for (int line = 0; line < 30; ++line) sink.write(line_of(1000));
    sink.flush();
    sink.write(line_of(1000));
    sink.flush();
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(sink.dropped(), 20u) << "all but ten, and the one whose beginning is out";
    sink.write("after\n");
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  std::string expected;
  for (int line = 0; line < 11; ++line) expected += line_of(1000);
  EXPECT_EQ(text.str(), expected + "after\n");
  std::filesystem::remove(path);
}

TEST(AsyncSink, a_line_without_room_in_memory_is_counted) {
  const Pipe pipe;
  AsyncSink sink(output(pipe));
  sink.write(line_of(AsyncSink::kBufferBytes + 1));
  EXPECT_EQ(sink.dropped(), 1u);
}

TEST(AsyncSink, its_end_waits_a_second_at_most_for_a_pipe_that_nobody_reads) {
  const Pipe pipe;
  AsyncSink sink(output(pipe));
  for (int line = 0; line < 50; ++line) sink.write(line_of(10'000));
}

TEST(AsyncSink, a_forked_child_writes_its_own_lines_and_not_those_of_its_parent) {
  Pipe pipe;
  {
    AsyncSink sink(output(pipe));
    sink.write("of the parent\n");
    const pid_t child = ::fork();
    if (child == 0) {
      sink.write("of the child\n");
      std::_Exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  pipe.close_writer();
  const std::string text = pipe.read_all();
  EXPECT_EQ(text.size(), std::string_view("of the parent\nof the child\n").size()) << text;
  EXPECT_NE(text.find("of the child\n"), std::string::npos) << text;
}

TEST(AsyncSink, there_are_at_most_64_at_a_time) {
  const Pipe pipe;
  std::vector<std::unique_ptr<AsyncSink>> sinks;
  try {
    for (;;) sinks.push_back(std::make_unique<AsyncSink>(output(pipe)));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::resource_exhausted);
  }
  EXPECT_EQ(sinks.size(), 64u);
  sinks.pop_back();
  sinks.push_back(std::make_unique<AsyncSink>(output(pipe)));
}

}  // namespace
}  // namespace marty::telemetry
