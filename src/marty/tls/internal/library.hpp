// Which instance of OpenSSL's library a context and its keys belong to: the ordinary one, and within the simulated
// world one whose randomness comes from the world's seed. So keys, signatures and ciphertext are the same in every run.
#pragma once

#include <openssl/types.h>

namespace marty::tls::internal {

// For the calling thread's world. Null, as OpenSSL has it, is the ordinary one. Lives as long as the process.
OSSL_LIB_CTX* library();

}  // namespace marty::tls::internal
