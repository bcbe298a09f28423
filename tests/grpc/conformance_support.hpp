// What the server and the client of Connect's conformance suite (connectrpc.com/conformance) share: messages on their
// standard input and output – four bytes of length, big-endian, and the message – and certificates as files.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace conformance {

template <class Message>
bool read_message(Message& message) {
  unsigned char head[4];
  if (std::fread(head, 1, sizeof head, stdin) != sizeof head) return false;
  const std::uint32_t size =
      std::uint32_t{head[0]} << 24 | std::uint32_t{head[1]} << 16 | std::uint32_t{head[2]} << 8 | head[3];
  std::string text(size, '\0');
  return std::fread(text.data(), 1, text.size(), stdin) == text.size() && message.ParseFromString(text);
}

template <class Message>
void write_message(const Message& message) {
  const std::string text = message.SerializeAsString();
  for (const int shift : {24, 16, 8, 0}) std::fputc(static_cast<int>(text.size() >> shift) & 0xff, stdout);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// A folder of files, removed at the end.
class Files {
 public:
  Files() {
    std::string pattern = std::filesystem::temp_directory_path() / "marty_conformance.XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    folder_ = pattern;
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace conformance
