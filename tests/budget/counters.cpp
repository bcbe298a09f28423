// Counts what a program allocates and locks, without touching it: preload this library and read the file that
// MARTY_COUNTERS names (made by the test, 16 bytes: allocations, locks; native 64-bit integers).
//
// Every heap allocation of a process ends in one of the functions below, operator new included; so does every mutex of
// the standard library. Locks inside the C library itself are not seen; a contended one shows as futex under strace.
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

struct Counters {
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> locks;
};

Counters unread;  // until the file is mapped, and in children that have none
std::atomic<Counters*> counters = &unread;

[[gnu::constructor]] void map_file() {
  const char* path = std::getenv("MARTY_COUNTERS");
  if (path == nullptr) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) std::abort();  // a count that nobody sees would pass every test
  close(file);
  counters = static_cast<Counters*>(memory);
}

void count_allocation() {
  counters.load(std::memory_order_relaxed)->allocations.fetch_add(1, std::memory_order_relaxed);
}

// Counts, then calls the real function of that name.
template <class Function, class Argument>
int count_lock(std::atomic<void*>& real, const char* name, Argument* lock) {
  counters.load(std::memory_order_relaxed)->locks.fetch_add(1, std::memory_order_relaxed);
  if (real.load(std::memory_order_relaxed) == nullptr) real = dlsym(RTLD_NEXT, name);
  return reinterpret_cast<Function>(real.load(std::memory_order_relaxed))(lock);
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  count_allocation();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
  count_allocation();
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? ENOMEM : 0;
}

#define COUNT_LOCK(name, Type)                                  \
  int name(Type* lock) noexcept {                               \
    static std::atomic<void*> real;                             \
    return count_lock<int (*)(Type*), Type>(real, #name, lock); \
  }
COUNT_LOCK(pthread_mutex_lock, pthread_mutex_t)
COUNT_LOCK(pthread_mutex_trylock, pthread_mutex_t)
COUNT_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNT_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
#undef COUNT_LOCK

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  static std::atomic<void*> real;
  return count_lock<int (*)(pthread_spinlock_t*), volatile int>(real, "pthread_spin_lock", lock);
}

}  // extern "C"
