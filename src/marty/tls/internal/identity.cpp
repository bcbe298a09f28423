#include "marty/tls/internal/identity.hpp"

#include <arpa/inet.h>

#include <ctime>

#include "marty/base/encoding.hpp"
#include "marty/tls/internal/spiffe.hpp"

namespace marty::tls::internal {
namespace {

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// RFC 4514, in UTF-8.
std::string text_of(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr, "BIO_new");
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string ip_text(const ASN1_STRING* address) {
  const std::string_view bytes = bytes_of(address);
  char text[INET6_ADDRSTRLEN] = {};
  if (bytes.size() == 4) {
    inet_ntop(AF_INET, bytes.data(), text, sizeof text);
  } else if (bytes.size() == 16) {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

Timestamp timestamp_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return Timestamp(std::chrono::seconds(timegm(&parts)));
}

void read_alternative_names(X509* certificate, Identity& identity) {
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    const auto* string = static_cast<const ASN1_STRING*>(value);
    if (kind == GEN_DNS) identity.dns_names.emplace_back(bytes_of(string));
    if (kind == GEN_URI) identity.uris.emplace_back(bytes_of(string));
    if (kind == GEN_EMAIL) identity.email_addresses.emplace_back(bytes_of(string));
    if (kind == GEN_IPADD) identity.ip_addresses.push_back(ip_text(string));
  }
}

// X509-SVID section 5.2. Without a key usage extension all usages count as set, and so it is none (section 4.3).
bool is_svid(X509* certificate, const std::vector<std::string>& uris) {
  if (uris.size() != 1 || (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0) return false;
  if ((X509_get_key_usage(certificate) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) return false;
  const std::optional<SpiffeId> id = parse_spiffe_id(uris[0]);
  return id && !id->path.empty();
}

}  // namespace

std::string subject_of(X509* certificate) { return text_of(X509_get_subject_name(certificate)); }
std::string issuer_of(X509* certificate) { return text_of(X509_get_issuer_name(certificate)); }
Timestamp not_before_of(const X509* certificate) { return timestamp_of(X509_get0_notBefore(certificate)); }
Timestamp not_after_of(const X509* certificate) { return timestamp_of(X509_get0_notAfter(certificate)); }

std::vector<std::string> names_of(X509* certificate) {
  Identity identity;
  read_alternative_names(certificate, identity);
  std::vector<std::string> names = std::move(identity.dns_names);
  names.insert(names.end(), identity.ip_addresses.begin(), identity.ip_addresses.end());
  return names;
}

Identity identity_of(X509* certificate) {
  Identity identity{.subject = subject_of(certificate),
                    .issuer = issuer_of(certificate),
                    .serial_number = hex_encode(bytes_of(X509_get0_serialNumber(certificate))),
                    .not_before = not_before_of(certificate),
                    .not_after = not_after_of(certificate)};
  read_alternative_names(certificate, identity);
  if (is_svid(certificate, identity.uris)) identity.spiffe_id = identity.uris[0];
  return identity;
}

}  // namespace marty::tls::internal
