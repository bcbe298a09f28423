// For tests: the program `openssl` as a child process, with its input and output.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/blocking.hpp"

namespace marty::tls::internal {

// Ends by itself after half a minute, whatever happens. Reading waits on a thread, not on the loop.
class OpensslProgram {
 public:
  explicit OpensslProgram(std::vector<std::string> arguments) {
    signal(SIGPIPE, SIG_IGN);
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) throw Error(Code::unavailable, "pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
    arguments.insert(arguments.begin(), {"timeout", "30", "openssl"});
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const int failed = posix_spawnp(&process_, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
    if (failed != 0) throw Error(Code::not_found, std::string("cannot start openssl: ") + std::strerror(failed));
  }
  ~OpensslProgram() {
    close_input();
    if (process_ > 0) {
      kill(process_, SIGTERM);  // `timeout` hands it on
      wait();
    }
    close(output_);
  }
  OpensslProgram(const OpensslProgram&) = delete;
  OpensslProgram& operator=(const OpensslProgram&) = delete;

  // Goes nowhere once the program has ended.
  void write(std::string_view text) { [[maybe_unused]] const ssize_t size = ::write(input_, text.data(), text.size()); }
  void close_input() {
    if (input_ >= 0) close(std::exchange(input_, -1));
  }
  // All that it has said, once it has said `text` or ended.
  const std::string& read_until(std::string_view text) {
    while (said_.find(text) == std::string::npos && read_more()) {
    }
    return said_;
  }
  // All that it said.
  const std::string& finish() {
    close_input();
    while (read_more()) {
    }
    wait();
    return said_;
  }

 private:
  bool read_more() {
    char buffer[4096];
    const ssize_t size = pool_.run([&] { return ::read(output_, buffer, sizeof buffer); });
    said_.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return size > 0;
  }
  void wait() {
    pool_.run([&] { waitpid(process_, nullptr, 0); });
    process_ = 0;
  }

  runtime::BlockingPool pool_{{.name = "openssl", .threads = 1}};
  pid_t process_ = 0;
  int input_ = -1;
  int output_ = -1;
  std::string said_;
};

}  // namespace marty::tls::internal
