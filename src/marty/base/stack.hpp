// Stack: who called whom, for logs. Taking one costs some microseconds, reading it much more.
//
//   const Stack stack = Stack::here();
//   write(stack.text());     // "petstore::place_order(...) (petstore+0x1f3a2)", one line per function
//
// Names of functions are there where the program exports them (-rdynamic); else `addr2line -e FILE OFFSET` tells them.
#pragma once

#include <string>
#include <vector>

namespace marty {

class Stack {
 public:
  Stack() = default;
  static Stack here();  // of the calling thread, its 32 innermost functions

  bool empty() const noexcept { return frames_.empty(); }
  std::string text() const;

 private:
  std::vector<void*> frames_;
};

// What is known of an address in the program's code: "function (file+0x12)", "file+0x12", or the bare address.
std::string describe_address(void* address);

// A name of the linker as C++ has it, "pets::find(long)"; one that is no such name stays as it is.
std::string demangle(const char* name);

}  // namespace marty
