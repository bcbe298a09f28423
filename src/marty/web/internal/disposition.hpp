// The Content-Disposition of a part of a form (RFC 7578 section 4.2), as browsers write it (WHATWG HTML,
// "multipart/form-data encoding algorithm"): in quotes, '"' as %22, line breaks as %0D and %0A, all else as it is – a
// backslash, too.
//
//   parse_disposition(R"(form-data; name="photo"; filename="C:\me\a%22b.png")")->filename;      // C:\me\a"b.png
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace marty::web::internal {

struct Disposition {
  std::string name;
  std::optional<std::string> filename;
};

// Or what is wrong with it: "a part has no name". Names of other kinds of clients, which escape quotes with
// backslashes, are understood; whatever could be read in two ways is refused.
std::expected<Disposition, std::string_view> parse_disposition(std::string_view value);

}  // namespace marty::web::internal
