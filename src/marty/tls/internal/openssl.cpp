#include "marty/tls/internal/openssl.hpp"

#include <fmt/format.h>

namespace marty::tls::internal {

Certificate share(X509* certificate) noexcept {
  X509_up_ref(certificate);
  return Certificate(certificate);
}

std::string take_errors() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(error);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? std::string(reason) : fmt::format("error {:x} of OpenSSL", error);
  }
  return text;
}

void throw_internal(std::string_view doing) {
  throw Error(Code::internal, fmt::format("OpenSSL failed at {}: {}", doing, take_errors()));
}

}  // namespace marty::tls::internal
