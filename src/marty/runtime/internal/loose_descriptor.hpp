// LooseDescriptor: one that has no owner yet, and is closed unless it finds one. What takes it may need memory first.
#pragma once

#include <unistd.h>

namespace marty::runtime::internal {

class LooseDescriptor {
 public:
  explicit LooseDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  ~LooseDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  LooseDescriptor(const LooseDescriptor&) = delete;
  LooseDescriptor& operator=(const LooseDescriptor&) = delete;

  int get() const noexcept { return descriptor_; }
  void hand_over() noexcept { descriptor_ = -1; }

 private:
  int descriptor_;
};

}  // namespace marty::runtime::internal
