#include "marty/tls/internal/library.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <cstdint>
#include <span>

#include "marty/runtime/random.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/internal/openssl.hpp"

namespace marty::tls::internal {
namespace {

// A source of randomness as a provider offers it (provider-rand(7)). It has no state: the world has.
struct WorldRandom {
  static void* make(void*, void*, const OSSL_DISPATCH*) { return &instance; }
  static void free(void*) {}
  static int instantiate(void*, unsigned, int, const unsigned char*, std::size_t, const OSSL_PARAM*) { return 1; }
  static int uninstantiate(void*) { return 1; }
  static int generate(void*, unsigned char* bytes, std::size_t size, unsigned, int, const unsigned char*, std::size_t) {
    runtime::random_secret(std::as_writable_bytes(std::span(bytes, size)));
    return 1;
  }
  static int enable_locking(void*) { return 1; }
  static int lock(void*) { return 1; }
  static void unlock(void*) {}
  static int get_parameters(void*, OSSL_PARAM* parameters) {
    const auto set = [&](const char* name, auto setter, auto value) {
      OSSL_PARAM* const parameter = OSSL_PARAM_locate(parameters, name);
      return parameter == nullptr || setter(parameter, value) == 1;
    };
    constexpr unsigned kStrength = 256;
    return set(OSSL_RAND_PARAM_STATE, OSSL_PARAM_set_int, EVP_RAND_STATE_READY) &&
           set(OSSL_RAND_PARAM_STRENGTH, OSSL_PARAM_set_uint, kStrength) &&
           set(OSSL_RAND_PARAM_MAX_REQUEST, OSSL_PARAM_set_size_t, std::size_t{INT32_MAX});
  }
  static char instance;  // something to point at
};
char WorldRandom::instance = 0;

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_RAND_NEWCTX, WorldRandom::make),
                                            entry(OSSL_FUNC_RAND_FREECTX, WorldRandom::free),
                                            entry(OSSL_FUNC_RAND_INSTANTIATE, WorldRandom::instantiate),
                                            entry(OSSL_FUNC_RAND_UNINSTANTIATE, WorldRandom::uninstantiate),
                                            entry(OSSL_FUNC_RAND_GENERATE, WorldRandom::generate),
                                            entry(OSSL_FUNC_RAND_ENABLE_LOCKING, WorldRandom::enable_locking),
                                            entry(OSSL_FUNC_RAND_LOCK, WorldRandom::lock),
                                            entry(OSSL_FUNC_RAND_UNLOCK, WorldRandom::unlock),
                                            entry(OSSL_FUNC_RAND_GET_CTX_PARAMS, WorldRandom::get_parameters),
                                            {0, nullptr}};
  static const OSSL_ALGORITHM algorithms[] = {{"MARTY-WORLD", "provider=marty", functions, "the world's randomness"},
                                              {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_RAND ? algorithms : nullptr;
}

int begin(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
  static const OSSL_DISPATCH offered[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), {0, nullptr}};
  *functions = offered;
  *context = &WorldRandom::instance;
  return 1;
}

OSSL_LIB_CTX* make_seeded() {
  OSSL_LIB_CTX* const made = OSSL_LIB_CTX_new();
  require(made != nullptr && OSSL_PROVIDER_add_builtin(made, "marty", begin) == 1 &&
              OSSL_PROVIDER_load(made, "default") != nullptr && OSSL_PROVIDER_load(made, "marty") != nullptr &&
              RAND_set_DRBG_type(made, "MARTY-WORLD", "provider=marty", nullptr, nullptr) == 1,
          "the library of the simulated world");
  return made;
}

}  // namespace

OSSL_LIB_CTX* library() {
  if (runtime::Loop::current_or_null() == nullptr || !runtime::World::current().simulated()) return nullptr;
  static OSSL_LIB_CTX* const seeded = make_seeded();
  return seeded;
}

}  // namespace marty::tls::internal
