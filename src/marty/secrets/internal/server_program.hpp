// For tests: tests/support/secret_servers.py as a child process, which runs servers that keep secrets and does with
// them what it is told.
//
//   ServerProgram servers(MARTY_SECRET_SERVERS, {"vault"});      // the script's path: a compile definition
//   if (!servers.missing().empty()) GTEST_SKIP() << servers.missing();
//   servers.said("vault")["address"].as_string();
//   servers.call("write", {{"path", "shop/db"}, {"data", json::Value::object({{"password", "x"}})}});
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/blocking.hpp"

namespace marty::secrets::internal {

// Starts the servers when it is first asked, and ends them with itself. One call at a time, on fibers of any world, one
// after another, whose loops it does not hold, and outside of them.
class ServerProgram {
 public:
  ServerProgram(std::string script, std::vector<std::string> names)
      : words_{"python3", "-B", std::move(script)}, names_(std::move(names)) {}
  ~ServerProgram() {
    if (process_ <= 0) return;
    close(input_);  // the end of its input is the end of the servers
    close(output_);
    waitpid(process_, nullptr, 0);
  }
  ServerProgram(const ServerProgram&) = delete;
  ServerProgram& operator=(const ServerProgram&) = delete;

  // Why the servers cannot run here; "": they do.
  const std::string& missing() {
    runtime::BlockingPool().run([this] { start(); });
    return missing_;
  }
  // What one of them said of itself: its address and what a client needs.
  const json::Value& said(std::string_view name) {
    runtime::BlockingPool().run([this] { start(); });
    return std::as_const(said_)[name];
  }
  // Has a command carried out, {"of", NAME} among its arguments where there are several servers. Throws
  // Error(failed_precondition) where it could not be.
  json::Value call(std::string_view command, json::Value::Object arguments = {}) {
    return runtime::BlockingPool().run([&] {
      start();
      json::Value line(std::move(arguments));
      line["do"] = command;
      say(line.to_string());
      json::Value answer = json::Value::parse(read_line());
      if (const json::Value* error = answer.find("error"))
        throw Error(Code::failed_precondition, std::string(command) + ": " + error->as_string());
      return json::Value(std::move(answer["ok"]));
    });
  }

 private:
  void start() {
    if (process_ > 0) return;
    signal(SIGPIPE, SIG_IGN);
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) throw Error(Code::unavailable, "pipe2");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    std::vector<char*> pointers;
    for (std::string& word : words_) pointers.push_back(word.data());
    for (std::string& name : names_) pointers.push_back(name.data());
    pointers.push_back(nullptr);
    const int failed = posix_spawnp(&process_, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
    if (failed != 0) throw Error(Code::not_found, std::string("cannot start python3: ") + std::strerror(failed));
    said_ = json::Value::parse(read_line());
    if (const json::Value* reason = said_.find("missing")) missing_ = reason->as_string();
  }

  void say(std::string line) {
    line += '\n';
    if (write(input_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw Error(Code::unavailable, "secret_servers.py does not listen any more");
  }
  std::string read_line() {
    std::size_t end = read_.find('\n');
    while (end == std::string::npos) {
      char buffer[4096];
      const ssize_t size = read(output_, buffer, sizeof buffer);
      if (size <= 0) throw Error(Code::unavailable, "secret_servers.py ended; what went wrong is on stderr");
      read_.append(buffer, static_cast<std::size_t>(size));
      end = read_.find('\n');
    }
    std::string line = read_.substr(0, end);
    read_.erase(0, end + 1);
    return line;
  }

  std::vector<std::string> words_;
  std::vector<std::string> names_;
  pid_t process_ = 0;
  int input_ = -1;
  int output_ = -1;
  std::string read_;
  json::Value said_;
  std::string missing_;
};

}  // namespace marty::secrets::internal
