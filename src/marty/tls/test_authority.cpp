#include "marty/tls/test_authority.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "marty/runtime/file.hpp"
#include "marty/runtime/random.hpp"
#include "marty/tls/internal/library.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls {

using internal::Bio;
using internal::Certificate;
using internal::GeneralNames;
using internal::PrivateKey;
using internal::require;

namespace {

constexpr auto kAuthorityLifetime = std::chrono::hours(24 * 365 * 20);  // both ways: simulated clocks start anywhere

void set_serial_number(X509* certificate) {
  std::array<unsigned char, 16> bytes;
  runtime::random_secret(std::as_writable_bytes(std::span(bytes)));
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3F) | 0x40);  // positive, and never shorter
  ASN1_STRING_set(X509_get_serialNumber(certificate), bytes.data(), static_cast<int>(bytes.size()));
}

void set_validity(X509* certificate, Timestamp from, Timestamp to) {
  const auto seconds = [](Timestamp time) {
    return static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(to));
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  require(extension != nullptr, "an extension of a certificate");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_name(GENERAL_NAMES* names, int kind, ASN1_STRING* value) {
  require(value != nullptr, "an alternative name of a certificate");
  GENERAL_NAME* const name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, kind, value);
  sk_GENERAL_NAME_push(names, name);
}

void add_names(GENERAL_NAMES* names, int kind, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    ASN1_STRING* const text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    add_name(names, kind, text);
  }
}

void add_alternative_names(X509* certificate, const TestCertificate& wanted) {
  const GeneralNames names(sk_GENERAL_NAME_new_null());
  add_names(names.get(), GEN_DNS, wanted.dns_names);
  add_names(names.get(), GEN_URI, wanted.uris);
  for (const std::string& address : wanted.ip_addresses) {
    ASN1_OCTET_STRING* const bytes = a2i_IPADDRESS(address.c_str());
    if (bytes == nullptr) throw Error(Code::invalid_argument, "\"" + address + "\" is not an IP address");
    add_name(names.get(), GEN_IPADD, bytes);
  }
  if (sk_GENERAL_NAME_num(names.get()) != 0)
    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND);
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

PrivateKey new_key() {
  PrivateKey key(EVP_PKEY_Q_keygen(internal::library(), nullptr, "EC", "P-256"));
  require(key != nullptr, "making a key");
  return key;
}

std::string usage_of(const TestCertificate& wanted) {
  std::string usage;
  if (wanted.for_servers) usage += "serverAuth";
  if (wanted.for_clients) usage += usage.empty() ? "clientAuth" : ",clientAuth";
  return usage;
}

}  // namespace

class TestAuthority::State {
 public:
  // Self-signed where nobody vouches for it.
  State(const std::string& name, const State* issuer) : key_(new_key()) {
    certificate_ =
        begin(name, key_.get(), issuer != nullptr ? *issuer : *this, -kAuthorityLifetime, kAuthorityLifetime);
    X509* const issuing = issuer != nullptr ? issuer->certificate_.get() : certificate_.get();
    add_extension(certificate_.get(), issuing, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate_.get(), issuing, NID_key_usage, "critical,keyCertSign,cRLSign");
    (issuer != nullptr ? *issuer : *this).sign(certificate_.get());
    if (issuer != nullptr) chain_ = pem_of(certificate_.get()) + issuer->chain_;
  }

  X509* certificate() const { return certificate_.get(); }

  std::pair<std::string, std::string> issue(const TestCertificate& wanted) const {
    const PrivateKey key = new_key();
    const Certificate made = begin(wanted.subject, key.get(), *this, wanted.valid_from, wanted.valid_for);
    add_extension(made.get(), certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), certificate_.get(), NID_key_usage, "critical,digitalSignature");
    if (const std::string usage = usage_of(wanted); !usage.empty())
      add_extension(made.get(), certificate_.get(), NID_ext_key_usage, usage.c_str());
    add_alternative_names(made.get(), wanted);
    sign(made.get());
    return {pem_of(made.get()) + chain_, pem_of(key.get())};
  }

 private:
  static Certificate begin(const std::string& name, EVP_PKEY* key, const State& issuer, runtime::Duration from,
                           runtime::Duration to) {
    Certificate made(X509_new_ex(internal::library(), nullptr));
    require(made != nullptr, "X509_new_ex");
    X509_set_version(made.get(), X509_VERSION_3);
    set_serial_number(made.get());
    const Timestamp now = runtime::wall_now();
    set_validity(made.get(), now + std::chrono::floor<Timestamp::duration>(from),
                 now + std::chrono::floor<Timestamp::duration>(to));
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1,
                               0);
    X509* const issuing = issuer.certificate_ != nullptr ? issuer.certificate_.get() : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuing));
    return made;
  }

  void sign(X509* made) const { require(X509_sign(made, key_.get(), EVP_sha256()) > 0, "signing a certificate"); }

  PrivateKey key_;
  Certificate certificate_;
  std::string chain_;  // PEM, from here to below the root, which everybody has
};

TestAuthority::TestAuthority(std::string name) : state_(std::make_unique<State>(name, nullptr)) {}
TestAuthority::TestAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
TestAuthority::TestAuthority(TestAuthority&& other) noexcept = default;
TestAuthority::~TestAuthority() = default;

TestAuthority TestAuthority::subordinate(std::string name) const {
  return TestAuthority(std::make_unique<State>(name, state_.get()));
}

void TestAuthority::write(const std::filesystem::path& file) const {
  runtime::write_file(file, pem_of(state_->certificate()));
}

CertificateFiles TestAuthority::issue(const std::filesystem::path& folder, const TestCertificate& certificate) const {
  const auto [pem, key] = state_->issue(certificate);
  const std::filesystem::path base = folder / certificate.subject;
  const CertificateFiles files{base.string() + ".pem", base.string() + ".key"};
  runtime::write_file(files.certificate, pem);
  runtime::write_file(files.key, key, 0600);
  return files;
}

}  // namespace marty::tls
