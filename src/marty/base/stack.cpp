#include "marty/base/stack.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unwind.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace marty {
namespace {

constexpr std::size_t kMaxFrames = 32;

std::string hexadecimal(std::uintptr_t number) {
  char text[2 * sizeof number];
  return "0x" + std::string(text, std::to_chars(text, text + sizeof text, number, 16).ptr);
}

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* frames) {
  auto& found = *static_cast<std::vector<void*>*>(frames);
  const auto address = _Unwind_GetIP(context);
  if (address == 0 || found.size() > kMaxFrames) return _URC_END_OF_STACK;
  found.push_back(reinterpret_cast<void*>(address));
  return _URC_NO_REASON;
}

}  // namespace

[[gnu::noinline]] Stack Stack::here() {
  Stack stack;
  stack.frames_.reserve(kMaxFrames + 1);
  _Unwind_Backtrace(&add_frame, &stack.frames_);
  if (!stack.frames_.empty()) stack.frames_.erase(stack.frames_.begin());  // this function
  return stack;
}

std::string Stack::text() const {
  std::string text;
  for (void* const frame : frames_) {
    if (!text.empty()) text += '\n';
    text += describe_address(frame);
  }
  return text;
}

std::string describe_address(void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return hexadecimal(reinterpret_cast<std::uintptr_t>(address));
  std::string_view file = info.dli_fname;
  file.remove_prefix(file.rfind('/') + 1);
  const auto offset = static_cast<char*>(address) - static_cast<char*>(info.dli_fbase);
  const std::string place = std::string(file) + "+" + hexadecimal(static_cast<std::uintptr_t>(offset));
  if (info.dli_sname == nullptr) return place;
  return demangle(info.dli_sname) + " (" + place + ")";
}

std::string demangle(const char* name) {
  const std::unique_ptr<char, decltype(&std::free)> readable(abi::__cxa_demangle(name, nullptr, nullptr, nullptr),
                                                             &std::free);
  return readable ? readable.get() : name;
}

}  // namespace marty
