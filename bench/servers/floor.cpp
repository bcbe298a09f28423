// The floor: what the kernel alone costs. One thread, level-triggered epoll, one recv and one send for each batch of
// requests, fixed replies. It finds where a request ends and nothing else: it is no HTTP server, only the limit that
// one is measured against. GET gets "Hello, World!", POST the bytes of the file that the second argument names.
//
//   bench_floor PORT ORDER_FILE        prints "listening PORT" once it is; port 0 takes a free one
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr int kMaxEvents = 256;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string make_reply(std::string_view content_type, std::string_view body) {
  std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: ";
  reply.append(content_type).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return reply.append(body);
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    if (strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
      return std::strtoul(head.data() + at + kName.size(), nullptr, 10);
    }
  }
  return 0;
}

class Floor {
 public:
  Floor(std::uint16_t port, std::string_view order)
      : plaintext_(make_reply("text/plain", "Hello, World!")), json_(make_reply("application/json", order)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) fail("bind");
    if (listen(listener_, 1024) != 0) fail("listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    watch(listener_);
    std::printf("listening %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    epoll_event events[kMaxEvents];
    for (;;) {
      const int count = epoll_wait(epoll_, events, kMaxEvents, -1);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == listener_) {
          accept_all();
        } else {
          serve(events[i].data.fd);
        }
      }
    }
  }

 private:
  void watch(int descriptor) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (peer < 0) return;
      const int on = 1;
      setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(peer);
    }
  }

  void serve(int peer) {
    std::size_t held = 0;
    if (!rest_.empty()) [[unlikely]]
      held = take_rest(peer);
    const ssize_t size = recv(peer, input_ + held, kBufferBytes - held, 0);
    if (size <= 0) {
      close(peer);
      return;  // what it had sent before went with take_rest()
    }
    output_.clear();
    const std::string_view bytes(input_, held + static_cast<std::size_t>(size));
    const std::size_t used = answer(bytes);
    if (used < bytes.size()) rest_[peer] = bytes.substr(used);
    if (output_.empty()) return;
    // A client that does not take its replies is cut: a limit need not wait for anyone.
    if (send(peer, output_.data(), output_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(output_.size())) return;
    rest_.erase(peer);
    close(peer);
  }

  // Appends a reply for each complete request; returns how many bytes they took.
  std::size_t answer(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t end = bytes.find("\r\n\r\n", at);
      if (end == std::string_view::npos) break;
      const bool post = bytes[at] == 'P';
      const std::size_t next = end + 4 + (post ? content_length(bytes.substr(at, end + 2 - at)) : 0);
      if (next > bytes.size()) break;
      output_ += post ? json_ : plaintext_;
      at = next;
    }
    return at;
  }

  std::size_t take_rest(int peer) {
    const auto found = rest_.find(peer);
    if (found == rest_.end()) return 0;
    const std::size_t size = found->second.copy(input_, kBufferBytes / 2);
    rest_.erase(found);
    return size;
  }

  std::string plaintext_;
  std::string json_;
  int listener_ = -1;
  int epoll_ = -1;
  std::unordered_map<int, std::string> rest_;  // of connections that sent part of a request
  std::string output_;
  char input_[kBufferBytes];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s PORT ORDER_FILE\n", argv[0]);
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::string order{std::istreambuf_iterator<char>(file), {}};
  if (order.empty()) fail(argv[2]);
  static Floor floor(static_cast<std::uint16_t>(std::atoi(argv[1])), order);
  floor.run();
}
