#include "marty/runtime/internal/fault_handler.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <string_view>

#include "marty/runtime/internal/scheduler.hpp"

namespace marty::runtime::internal {
namespace {

constexpr std::size_t kAlternateBytes = 64 * 1024;

// Global, as the process's disposition of SIGSEGV that they stand for.
std::mutex installing;
int installed = 0;
bool passed_on_to = false;  // by a handler that came after ours, and stays: we have to, too
struct sigaction earlier_action {};

// Signal handlers may not allocate or format.
class Line {
 public:
  Line& operator<<(std::string_view text) noexcept {
    for (const char character : text.substr(0, sizeof text_ - size_)) text_[size_++] = character;
    return *this;
  }
  Line& operator<<(std::size_t number) noexcept {
    char digits[20];
    std::size_t first = sizeof digits;
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
    } while ((number /= 10) != 0);
    return *this << std::string_view(digits + first, sizeof digits - first);
  }
  void print() const noexcept { [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text_, size_); }

 private:
  char text_[256];
  std::size_t size_ = 0;
};

const Fiber* overflown_fiber(const void* address) noexcept {
  const Scheduler* scheduler = this_thread.scheduler;
  const Fiber* fiber = scheduler != nullptr ? scheduler->current_fiber() : nullptr;
  if (fiber == nullptr) return nullptr;
  const char* place = static_cast<const char*>(address);
  return place < fiber->stack.base && place >= fiber->stack.base - StackAllocator::kGuardBytes ? fiber : nullptr;
}

void on_fault(int signal, siginfo_t* info, void*) {
  if (const Fiber* fiber = overflown_fiber(info->si_addr)) {
    Line line;
    line << "marty: stack overflow in fiber " << (fiber->name.empty() ? "(unnamed)" : fiber->name.substr(0, 100))
         << ": its stack is " << fiber->stack.bytes / 1024 << " KiB; raise server.fiber_stack or use less stack\n";
    line.print();
  }
  sigaction(signal, &earlier_action, nullptr);  // and fault again, on return
  if (info->si_code <= 0) raise(signal);        // it was sent: it would not come again
}

}  // namespace

FaultHandler::FaultHandler() {
  const std::lock_guard lock(installing);
  if (installed++ > 0 || passed_on_to) return;
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &earlier_action);
}

FaultHandler::~FaultHandler() {
  const std::lock_guard lock(installing);
  if (--installed > 0 || passed_on_to) return;
  struct sigaction now {};
  sigaction(SIGSEGV, nullptr, &now);
  passed_on_to = now.sa_sigaction != &on_fault;
  if (!passed_on_to) sigaction(SIGSEGV, &earlier_action, nullptr);
}

AlternateStack::AlternateStack() {
  stack_t current{};
  if (sigaltstack(nullptr, &current) != 0 || (current.ss_flags & SS_DISABLE) == 0) return;
  void* memory = mmap(nullptr, kAlternateBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // an overflow then dies without its message
  const stack_t own{.ss_sp = memory, .ss_flags = 0, .ss_size = kAlternateBytes};
  sigaltstack(&own, nullptr);
  memory_ = memory;
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) return;
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
  munmap(memory_, kAlternateBytes);
}

}  // namespace marty::runtime::internal
