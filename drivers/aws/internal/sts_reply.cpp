#include "aws/internal/sts_reply.hpp"

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>

namespace marty::aws::internal {
namespace {

constexpr std::size_t kMaxBytes = 256 << 10;
constexpr std::size_t kMaxWordBytes = 100;

bool is_word(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'; };
  return text.size() <= kMaxWordBytes && std::ranges::all_of(text, is_letter);
}

}  // namespace

StsReply parse_sts_reply(std::string& text) {
  StsReply reply;
  pugi::xml_document document;  // of views into `text`
  if (text.size() <= kMaxBytes && document.load_buffer_inplace(text.data(), text.size())) {
    const pugi::xml_node found = document.child("AssumeRoleWithWebIdentityResponse")
                                     .child("AssumeRoleWithWebIdentityResult")
                                     .child("Credentials");
    reply.credentials.access_key_id = found.child_value("AccessKeyId");
    reply.credentials.secret_access_key = Secret(found.child_value("SecretAccessKey"));
    reply.credentials.session_token = Secret(found.child_value("SessionToken"));
    reply.expiration = parse_timestamp(found.child_value("Expiration"));
    const std::string_view code = document.child("ErrorResponse").child("Error").child_value("Code");
    if (is_word(code)) reply.error = code;
  }
  clear(text);
  return reply;
}

}  // namespace marty::aws::internal
