// Turn: a stream is read by one fiber at a time, and written by one; another that comes meanwhile is refused, since
// halves of messages would mix.
#pragma once

#include <string>

#include "marty/base/error.hpp"

namespace marty::grpc::internal {

class Turn {
 public:
  // Throws failed_precondition: another fiber is `doing` so ("writing").
  Turn(bool& taken, const char* doing) : taken_(taken) {
    if (taken)
      throw Error(Code::failed_precondition, std::string("another fiber is ") + doing + " this stream already");
    taken_ = true;
  }
  ~Turn() { taken_ = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool& taken_;
};

}  // namespace marty::grpc::internal
