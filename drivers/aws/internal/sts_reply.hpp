// What STS answers, in XML.
#pragma once

#include <optional>
#include <string>

#include "aws/signature_v4.hpp"
#include "marty/base/time.hpp"

namespace marty::aws::internal {

struct StsReply {
  Credentials credentials;              // without access_key_id: it gave none
  std::optional<Timestamp> expiration;  // of the credentials
  std::string error;                    // "ExpiredTokenException"; "" where it names none
};

// Clears `text`.
StsReply parse_sts_reply(std::string& text);

}  // namespace marty::aws::internal
