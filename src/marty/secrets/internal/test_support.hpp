// For tests of stores.
#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/secrets/store.hpp"

namespace marty::secrets::internal {

// The value, "(nothing)", or "CODE: MESSAGE" of what is thrown.
inline std::string read(Store& store, std::string_view key = "shop/db") {
  try {
    const auto found = store.get(Key::parse(key));
    return found ? std::string(found->value.reveal()) : "(nothing)";
  } catch (const Error& error) {
    return std::string(code_info(error.code()).name) + ": " + error.message();
  }
}

// What as many fibers read at a time.
inline std::vector<std::string> read_at_once(Store& store, int fibers) {
  const auto reading = [&] { return read(store); };
  std::vector<decltype(runtime::spawn(reading))> readers;
  for (int i = 0; i < fibers; ++i) readers.push_back(runtime::spawn(reading));
  std::vector<std::string> all;
  for (auto& reader : readers) all.push_back(reader.join());
  return all;
}

// A text that holds none of these.
inline testing::Matcher<std::string> tells_nothing_of(const std::vector<std::string>& confidential) {
  std::vector<testing::Matcher<std::string>> all;
  for (const std::string& text : confidential) all.push_back(testing::Not(testing::HasSubstr(text)));
  return testing::AllOfArray(all);
}

// A file for as long as this lives.
class TokenFile {
 public:
  explicit TokenFile(std::string_view content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "marty-token-XXXXXX").string();
    close(mkstemp(pattern.data()));
    path = pattern;
    write(content);
  }
  ~TokenFile() { std::filesystem::remove(path); }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  void write(std::string_view content) const { std::ofstream(path) << content; }
  std::string path;
};

}  // namespace marty::secrets::internal
