// Multipart: the parts of a multipart/form-data body (RFC 7578), one after the other as they arrive; never more than a
// window of the body in memory. A handler takes it by reference:
//
//   void import(Multipart& parts, Archive& archive) {
//     while (Part* part = parts.next()) {
//       char buffer[16384];
//       while (std::size_t size = part->read_some(buffer)) archive.append(part->filename, {buffer, size});
//     }
//   }
//
// Throws Error: invalid_argument (malformed; 415 where the body is no form), and what reading the body throws.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "marty/http/message.hpp"

namespace marty::web {

class Multipart;

// One part. Its content can be read until the next call of Multipart::next().
class Part {
 public:
  std::string name;
  std::optional<std::string> filename;  // as the client says: never a path to open; "": no file was chosen
  // Where the client says nothing "text/plain" (RFC 7578 section 4.4), of a file "application/octet-stream".
  std::string content_type;

  std::size_t read_some(std::span<char> buffer);  // 0 at the end of the part
  std::string read_all(std::size_t max_bytes);    // throws Error with status 413 where it is larger

 private:
  friend class Multipart;
  Multipart* owner_ = nullptr;
};

class Multipart {
 public:
  explicit Multipart(http::Request& request);
  Multipart(const Multipart&) = delete;
  Multipart& operator=(const Multipart&) = delete;
  Part* next();  // null after the last part; skips what was not read of the one before

 private:
  friend class Part;
  enum class Position : unsigned char { before_first, in_part, at_delimiter, end };

  std::size_t read_content(std::span<char> buffer);
  bool fill();  // false at the end of the body
  std::size_t find_delimiter();
  std::string_view take_line();
  void read_part_headers();
  void read_disposition(std::string_view value);
  [[noreturn]] static void malformed(std::string_view what);

  http::BodySource* source_;
  std::string delimiter_;  // CRLF "--" boundary
  std::string window_;
  std::size_t at_ = 0;
  Position position_ = Position::before_first;
  Part part_;
};

}  // namespace marty::web
