#include "marty/runtime/internal/stack_switch.hpp"

#ifdef __x86_64__

#include <cstdint>

// It ends in a jump, not a return: the processor's own stack of return addresses predicts the caller, who is on the
// other stack. Frame of a suspended stack, from its stack pointer up: MXCSR (4 bytes), x87 control word (2), r15, r14,
// r13, r12, rbx, rbp, return address.
asm(R"(
.text
.p2align 4
.globl marty_switch_stack
.hidden marty_switch_stack
.type marty_switch_stack, @function
marty_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movl (%rsp), %eax
  movzwl 4(%rsp), %ecx
  movq %rsi, %rsp
  xorl (%rsp), %eax
  testl $0xffc0, %eax
  jnz 2f
1:
  cmpw 4(%rsp), %cx
  jne 3f
4:
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rdx
  jmpq *%rdx
2:
  ldmxcsr (%rsp)
  jmp 1b
3:
  fldcw 4(%rsp)
  jmp 4b
.size marty_switch_stack, . - marty_switch_stack
)");

namespace marty::runtime::internal {
namespace {

struct InitialFrame {
  std::uint32_t mxcsr;
  std::uint16_t x87_control;
  std::uint16_t padding;
  std::uint64_t saved_registers[6];
  void (*entry)();
  std::uint64_t end_of_stack;  // the return address that `entry` seems to have: debuggers and unwinders stop at 0
};
static_assert(sizeof(InitialFrame) == 72);

}  // namespace

StackPointer make_stack(void* top, std::size_t, void (*entry)()) noexcept {
  // `entry` starts as if called: the stack pointer is 8 below a multiple of 16, and points to the return address.
  auto* frame = reinterpret_cast<InitialFrame*>(static_cast<char*>(top) - sizeof(InitialFrame));
  *frame = {.mxcsr = 0, .x87_control = 0, .padding = 0, .saved_registers = {}, .entry = entry, .end_of_stack = 0};
  asm("stmxcsr %0" : "=m"(frame->mxcsr));
  asm("fnstcw %0" : "=m"(frame->x87_control));
  return frame;
}

}  // namespace marty::runtime::internal

#else

#include <boost/context/detail/fcontext.hpp>

namespace marty::runtime::internal {
namespace {

using boost::context::detail::transfer_t;

// Whoever jumps passes where its own stack pointer is to be kept.
void keep(transfer_t transfer) noexcept { *static_cast<StackPointer*>(transfer.data) = transfer.fctx; }

// The first switch to a new stack tells it its entry; nothing runs there yet.
void begin(transfer_t transfer) {
  const auto entry = *static_cast<void (**)()>(transfer.data);
  keep(boost::context::detail::jump_fcontext(transfer.fctx, nullptr));
  entry();
}

}  // namespace

void switch_stack(StackPointer* from, StackPointer to) noexcept {
  keep(boost::context::detail::jump_fcontext(to, from));
}

StackPointer make_stack(void* top, std::size_t bytes, void (*entry)()) noexcept {
  return boost::context::detail::jump_fcontext(boost::context::detail::make_fcontext(top, bytes, &begin), &entry).fctx;
}

}  // namespace marty::runtime::internal

#endif
