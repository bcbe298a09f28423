// SignalHub: lets fibers wait for the signals of the process. A handler writes the number into a pipe; loop 0 reads it
// there. Dispositions are the process's own, so only one World at a time can have a signal.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "marty/runtime/internal/epoll.hpp"
#include "marty/runtime/sync.hpp"

namespace marty::runtime::internal {

class SignalHub final : public EpollSource {
 public:
  explicit SignalHub(Epoll& epoll) : epoll_(epoll) {}
  ~SignalHub();

  int wait(std::span<const int> signals);  // on a fiber of any loop
  void restore() noexcept;                 // the dispositions from before the first wait()

  void on_events(std::uint32_t events) noexcept override;

 private:
  struct Waiting;
  void open_pipe();
  void hand_out(int signal) noexcept;
  void install(int signal);

  Epoll& epoll_;
  std::mutex state_;
  WaitList waiters_;
  std::vector<Waiting*> waiting_;
  int read_end_ = -1;
  int write_end_ = -1;
  std::uint64_t pending_ = 0;  // bit n-1: signal n came and nobody was waiting
  std::map<int, struct sigaction> before_;
};

}  // namespace marty::runtime::internal
