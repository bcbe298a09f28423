// What a certificate says of its holder.
#pragma once

#include "marty/tls/internal/openssl.hpp"
#include "marty/tls/tls.hpp"

namespace marty::tls::internal {

Identity identity_of(X509* certificate);

// One entry of it at a time, for messages.
std::string subject_of(X509* certificate);
std::string issuer_of(X509* certificate);
std::vector<std::string> names_of(X509* certificate);  // DNS names and IP addresses
Timestamp not_before_of(const X509* certificate);
Timestamp not_after_of(const X509* certificate);

}  // namespace marty::tls::internal
