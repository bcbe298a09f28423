#include "marty/tls/internal/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>

#include "marty/runtime/random.hpp"
#include "marty/runtime/time.hpp"
#include "marty/tls/internal/identity.hpp"
#include "marty/tls/internal/settings.hpp"

namespace marty::tls::internal {
namespace {

constexpr auto kKeyLifetime = kSessionLifetime;

template <std::size_t kBytes>
void fill(std::array<unsigned char, kBytes>& bytes) {
  runtime::random_secret(std::as_writable_bytes(std::span(bytes)));
}

TicketKeys::Key new_key(Timestamp now) {
  auto key = std::make_shared<TicketKey>();
  fill(key->name);
  fill(key->cipher_key);
  fill(key->mac_key);
  key->made = now;
  return key;
}

int key_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Fetched once: looking an algorithm up costs more than using it.
const EVP_CIPHER* cipher() {
  static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return fetched;
}

bool prepare(const TicketKey& key, unsigned char* iv, EVP_CIPHER_CTX* cipher_context, EVP_MAC_CTX* mac, bool seal) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex2(cipher_context, cipher(), key.cipher_key.data(), iv, seal ? 1 : 0, nullptr) == 1 &&
         EVP_MAC_init(mac, key.mac_key.data(), key.mac_key.size(), parameters) == 1;
}

// 1: sealed or opened, 2: opened and to be replaced by a new one, 0: no such key, -1: failed.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher_context, EVP_MAC_CTX* mac,
              int seal) noexcept {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_index()));
  const Timestamp now = runtime::wall_now();
  if (seal == 1) {
    const TicketKeys::Key key = keys.current(now);
    std::copy(key->name.begin(), key->name.end(), name);
    std::array<unsigned char, 16> fresh_iv;
    fill(fresh_iv);
    std::copy(fresh_iv.begin(), fresh_iv.end(), iv);
    return prepare(*key, iv, cipher_context, mac, true) ? 1 : -1;
  }
  const TicketKeys::Key key = keys.find(name, now);
  if (key == nullptr) return 0;
  if (!prepare(*key, iv, cipher_context, mac, false)) return -1;
  // A ticket of TLS 1.3 is used once, so its client needs the next (RFC 8446 appendix C.4).
  return key == keys.current(now) && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

long seconds(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count(); }

// A session is dated by the clock of the world in its ticket, and by that of the machine where OpenSSL looks at it.
int on_ticket_made(SSL* ssl, void*) noexcept {
  SSL_SESSION_set_time(SSL_get_session(ssl), seconds(runtime::wall_now()));
  return 1;
}

void date_by_machine(SSL_SESSION* session) {
  const long age = seconds(runtime::wall_now()) - SSL_SESSION_get_time(session);
  SSL_SESSION_set_time(session, std::time(nullptr) - age);  // tidy:allow(clock): OpenSSL compares it with this one
}

SSL_TICKET_RETURN on_ticket_opened(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                                   SSL_TICKET_STATUS status, void*) noexcept {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  date_by_machine(session);
  const X509* const peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && not_after_of(peer) < runtime::wall_now()) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

TicketKey::~TicketKey() { OPENSSL_cleanse(this, sizeof *this); }

void TicketKeys::rotate(Timestamp now) {
  if (current_ != nullptr && now - current_->made >= kKeyLifetime) previous_ = std::exchange(current_, nullptr);
  if (previous_ != nullptr && now - previous_->made >= 2 * kKeyLifetime) previous_ = nullptr;
  if (current_ == nullptr) current_ = new_key(now);
}

TicketKeys::Key TicketKeys::current(Timestamp now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

TicketKeys::Key TicketKeys::find(const unsigned char* name, Timestamp now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  for (const Key* key : {&current_, &previous_}) {
    if (*key != nullptr && std::equal((*key)->name.begin(), (*key)->name.end(), name)) return *key;
  }
  return nullptr;
}

void TicketKeys::serve(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, key_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_opened, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // we keep none
}

}  // namespace marty::tls::internal
