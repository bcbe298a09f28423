// Owners for the objects of OpenSSL, and its errors as text.
//
// OpenSSL keeps a queue of errors per thread, and all fibers of a loop share that thread. So whoever makes a call that
// may fail empties the queue before it and takes the errors right behind it: nothing waits in between.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"

namespace marty::tls::internal {

template <auto kFree>
struct Free {
  void operator()(auto* object) const noexcept { kFree(object); }
};

using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Ssl = std::unique_ptr<SSL, Free<SSL_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslSession = std::unique_ptr<SSL_SESSION, Free<SSL_SESSION_free>>;

// Another owner of the same certificate.
Certificate share(X509* certificate) noexcept;

// An object of ours that goes along with an SSL, for its callbacks; owned by somebody else.
template <class T>
int index_of() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
template <class T>
void attach(SSL* ssl, T* object) {
  SSL_set_ex_data(ssl, index_of<T>(), object);
}
template <class T>
T* attached(const SSL* ssl) {
  return static_cast<T*>(SSL_get_ex_data(ssl, index_of<T>()));
}

// The reasons of the errors in this thread's queue, the first cause first; "" where there are none. Empties the queue.
std::string take_errors();

// Throws Error(internal) with the errors of the queue: for calls that only fail where memory is short or we are wrong.
[[noreturn]] void throw_internal(std::string_view doing);
inline void require(bool succeeded, std::string_view doing) {
  if (!succeeded) throw_internal(doing);
}

}  // namespace marty::tls::internal
