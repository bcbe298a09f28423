// For the tests of this folder: a service with a configuration of its own, and clients that keep it busy.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "marty/http/client.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/service/service.hpp"
#include "marty/telemetry/log_sink.hpp"

namespace marty::configuration_tests {

// A folder with config/base.yaml in it.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(path_ / "config");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_.string(); }
  std::filesystem::path config(const std::string& name = "base.yaml") const { return path_ / "config" / name; }
  // Over the old one, in place.
  void write(std::string_view text) const { std::ofstream(config(), std::ios::trunc) << text; }
  // Another file takes its place at once.
  void replace(std::string_view text) const {
    std::ofstream(config("base.next")) << text;
    std::filesystem::rename(config("base.next"), config());
  }

 private:
  std::filesystem::path path_;
};

inline ServiceOptions options_for(const Folder& folder, telemetry::LogSink& sink, config::Variables variables = {}) {
  variables.emplace("MARTY_SERVER__HTTP_PORT", "0");
  return {.directory = folder.path(), .environment = "testing", .variables = std::move(variables), .log_sink = &sink};
}

// Asks for `path` on `clients` connections until `done`; counts the replies, and those that are not 200.
class Load {
 public:
  Load(const Service& service, std::string path, int clients) : url_("http://" + service.address().to_string() + path) {
    for (int i = 0; i < clients; ++i) clients_.emplace_back(std::function<void()>([this] { ask(); }), "client");
  }
  void finish() {
    done_ = true;
    for (auto& client : clients_) client.join();
    clients_.clear();
  }
  int replies() const { return replies_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  void ask() {
    while (!done_) {
      const http::Reply reply = client_.get(url_);
      ++replies_;
      if (reply.status != 200) failures_.push_back(reply.body);
    }
  }

  const std::string url_;
  http::Client client_;
  std::vector<std::string> failures_;
  std::atomic<bool> done_ = false;
  int replies_ = 0;
  std::vector<runtime::Task<std::function<void()>>> clients_;
};

// The lines of a log that hold a text.
inline std::vector<std::string> lines_with(const telemetry::RecordingSink& sink, std::string_view text) {
  std::vector<std::string> found;
  for (std::string& line : sink.lines()) {
    if (line.find(text) != std::string::npos) found.push_back(std::move(line));
  }
  return found;
}

}  // namespace marty::configuration_tests
