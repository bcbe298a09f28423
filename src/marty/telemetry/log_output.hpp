// LogOutput: where the bytes of an AsyncSink go – standard output here, a file that rotates in log_file.hpp.
#pragma once

#include <cstddef>

namespace marty::telemetry {

// Asked by one thread at a time.
class LogOutput {
 public:
  virtual ~LogOutput() = default;
  // The descriptor for the next `bytes`, which are whole lines.
  virtual int descriptor(std::size_t bytes) noexcept = 0;
};

// A descriptor that somebody else opened and closes.
class DescriptorOutput final : public LogOutput {
 public:
  explicit DescriptorOutput(int descriptor) : descriptor_(descriptor) {}
  int descriptor(std::size_t) noexcept override { return descriptor_; }

 private:
  const int descriptor_;
};

}  // namespace marty::telemetry
