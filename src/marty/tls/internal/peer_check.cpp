#include "marty/tls/internal/peer_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "marty/tls/internal/identity.hpp"

namespace marty::tls::internal {
namespace {

int on_verified(int succeeded, X509_STORE_CTX* store) noexcept {
  if (succeeded == 1) return 1;
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const check = attached<PeerCheck>(ssl);
  if (check != nullptr && !check->failed()) {
    check->error = X509_STORE_CTX_get_error(store);
    check->depth = X509_STORE_CTX_get_error_depth(store);
    if (X509* certificate = X509_STORE_CTX_get_current_cert(store)) check->certificate = share(certificate);
  }
  return 0;
}

bool is_about_the_issuer(int error) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || error == X509_V_ERR_CERT_UNTRUSTED;
}

// What is wrong, and what to do.
std::string fault_of(int error, X509* certificate, std::string_view whom) {
  if (error == X509_V_ERR_CERT_HAS_EXPIRED)
    return fmt::format("expired on {}: it has to be renewed", format_timestamp(not_after_of(certificate)));
  if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
    return fmt::format("is valid from {} on: wait, or set the clock right",
                       format_timestamp(not_before_of(certificate)));
  }
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return fmt::format("is for [{}], not for {}: connect by a name that it is for, or have it issued anew",
                       fmt::join(names_of(certificate), ", "), whom);
  }
  if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    return "is self-signed and not among the trusted ones: trust it, or have one issued by an authority that is";
  if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    return "is self-signed and not among the trusted authorities: add it to them, if it is the right one";
  if (is_about_the_issuer(error)) {
    return fmt::format(
        "was issued by \"{}\", which is not among the trusted authorities: add it to them, or have the "
        "intermediate certificates sent along",
        issuer_of(certificate));
  }
  if (error == X509_V_ERR_INVALID_PURPOSE)
    return "is for another purpose (its extended key usage): have one issued for this side of TLS";
  return fmt::format("is refused: {}", X509_verify_cert_error_string(error));
}

}  // namespace

void PeerCheck::install(SSL_CTX* context, int mode) { SSL_CTX_set_verify(context, mode, on_verified); }

std::string PeerCheck::message(std::string_view holder, std::string_view whom) const {
  if (certificate == nullptr)
    return fmt::format("the certificate of {} is refused: {}", holder, X509_verify_cert_error_string(error));
  const std::string fault = fault_of(error, certificate.get(), whom);
  const std::string subject = subject_of(certificate.get());
  if (depth == 0) return fmt::format("the certificate of {} (\"{}\") {}", holder, subject, fault);
  return fmt::format("the certificate of {} comes with the authority \"{}\", which {}", holder, subject, fault);
}

std::shared_ptr<const Identity> verified_peer(const SSL* ssl) {
  X509* const certificate = SSL_get0_peer_certificate(ssl);
  return certificate != nullptr ? std::make_shared<const Identity>(identity_of(certificate)) : nullptr;
}

}  // namespace marty::tls::internal
