// Validators and conditional requests (RFC 9110 sections 8.8 and 13).
//
//   const std::string etag = make_etag(content);
//   if (const auto status = precondition(request, {.etag = etag})) response.status = *status;   // 304, 412
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "marty/base/time.hpp"
#include "marty/http/message.hpp"

namespace marty::web {

// What identifies a version of a resource.
struct Validators {
  std::string_view etag{};  // with its quotes, and W/ where weak; empty: none
  std::optional<Timestamp> last_modified{};
};

// A strong entity tag of a content: quotes around 16 hexadecimal digits of a hash. Not against an adversary.
std::string make_etag(std::string_view content);

// Whether a list of entity tags has the tag; "*" has any. Strong comparison finds no weak tags.
enum class Comparison : unsigned char { strong, weak };
bool has_etag(const http::ListField& list, std::string_view etag, Comparison comparison) noexcept;

// The outcome of If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of section 13.2.2:
// 412, 304 (GET and HEAD only) or nothing: go on. If-None-Match compares weakly; If-Match strongly, so that a weak tag
// – also one that compression has made weak – never fulfils it (section 13.1.1).
std::optional<int> precondition(const http::Request& request, const Validators& validators);

// Whether If-Range lets a Range header count (section 13.1.5).
bool range_applies(const http::Request& request, const Validators& validators);

}  // namespace marty::web
