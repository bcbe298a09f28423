// A server whose cost per request is known, to prove that the budget tests count right. For each request it makes
// exactly five allocations, takes three locks, and makes three system calls (recv, getppid, send) beside one poll a
// turn.
//
//   budget_known_server PORT [--spin=N]      N: turns of an empty loop for each request
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <vector>

namespace {

std::mutex mutex;
std::shared_mutex shared_mutex;

// The compiler must neither drop an allocation nor merge two.
void use(void* memory) { asm volatile("" : : "g"(memory) : "memory"); }

void allocate_five_times() {
  void* blocks[] = {std::malloc(16), std::calloc(2, 8), std::aligned_alloc(64, 64)};
  for (void* block : blocks) use(block);
  for (void* block : blocks) std::free(block);
  auto* one = new int;
  auto* many = new int[8];
  use(one);
  use(many);
  delete one;
  delete[] many;
}

void lock_three_times() {
  { std::lock_guard exclusive(mutex); }
  { std::lock_guard exclusive(shared_mutex); }
  { std::shared_lock shared(shared_mutex); }
}

// False once the peer has closed.
bool serve(int peer, long spin) {
  char input[4096];
  if (recv(peer, input, sizeof input, 0) <= 0) return false;
  allocate_five_times();
  lock_three_times();
  for (long turn = 0; turn < spin; ++turn) asm volatile("");
  syscall(SYS_getppid);
  constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  return send(peer, kReply.data(), kReply.size(), MSG_NOSIGNAL) > 0;
}

int listen_on(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 128) != 0) {
    std::exit(1);
  }
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  constexpr std::string_view kSpin = "--spin=";
  const long spin = argc > 2 && std::string_view(argv[2]).starts_with(kSpin) ? std::atol(argv[2] + kSpin.size()) : 0;
  std::vector<pollfd> watched = {{listen_on(std::atoi(argv[1])), POLLIN, 0}};
  watched.reserve(256);
  for (;;) {
    poll(watched.data(), watched.size(), -1);
    for (std::size_t i = watched.size(); i-- > 1;) {
      if (watched[i].revents == 0 || serve(watched[i].fd, spin)) continue;
      close(watched[i].fd);
      watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (watched[0].revents != 0) watched.push_back({accept(watched[0].fd, nullptr, nullptr), POLLIN, 0});
  }
}
