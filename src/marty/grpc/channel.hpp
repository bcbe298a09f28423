// Channel: the way to a server of gRPC. Generated clients call over one; it is all they need.
//
//   grpc::Channel channel("shop:8080");
//   shop::v1::PetStore::Client pets(channel);
//   Pet pet = pets.get_pet(request);                                    // throws Error with the server's status
//   Pet pet = pets.get_pet(request, {.timeout = 200ms, .metadata = {{"x-tenant", "7"}}});
//
// Shared by the fibers of all loops, each of which has connections of its own. Names are resolved, calls go to the
// addresses in turn (round robin); one that cannot be reached is left alone for a while (gRPC connection back-off).
// Unary calls that were not carried out for certain are sent again by themselves; those of methods that the .proto
// calls idempotent also where they failed with UNAVAILABLE. A call has the deadline of its fiber where that comes
// first, and hands on trace and correlation.
//
// Throws Error: the server's code, message and fields; unavailable (not reachable, cut, a certificate that is not to be
// trusted), deadline_exceeded, cancelled, resource_exhausted (a message too large), internal (not gRPC).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/grpc/method.hpp"
#include "marty/runtime/time.hpp"
#include "marty/telemetry/context.hpp"

namespace google::protobuf {
class Message;
}
namespace marty::tls {
class ClientContext;
}

namespace marty::grpc {

namespace internal {
class ClientCall;
class LoopChannel;
}  // namespace internal

using Metadata = std::vector<std::pair<std::string, std::string>>;  // names in lower case; "-bin" ones hold any bytes

struct ChannelOptions {
  const tls::ClientContext* tls = nullptr;               // null: without TLS. Must outlive the channel
  runtime::Duration timeout = std::chrono::seconds(15);  // of a unary call; streams have none of their own
  runtime::Duration connect_timeout = std::chrono::seconds(5);
  int retries = 2;                                                  // of a call that may be sent again
  runtime::Duration retry_backoff = std::chrono::milliseconds(50);  // before the first; doubles, with jitter
  std::size_t max_message_bytes = 4 << 20;                          // that the server may send
  std::size_t connections_per_address = 4;  // on each loop; a further one is opened when the others are full
  runtime::Duration ping_interval{0};       // after so much silence beside open calls; 0: never
  runtime::Duration ping_timeout = std::chrono::seconds(20);
  bool compression = false;                                  // gzip for messages of 1 KiB and more
  std::string authority;                                     // that the server is asked for; empty: the target
  telemetry::Identity identity = telemetry::Identity::omit;  // whether user, session and baggage go along
};

// What a server says beside its messages, without what belongs to the protocol.
struct ReplyMetadata {
  Metadata initial;
  Metadata trailing;  // of a call that was refused before its first message: all of it
};

struct CallOptions {
  runtime::Duration timeout{0};  // 0: the channel's
  Metadata metadata;
  std::optional<bool> compression;  // of all its messages, or of none; unset: as the channel has it
  ReplyMetadata* reply = nullptr;   // filled in as it arrives, also where the call fails; has to outlive the call
};

// A message of protobuf as its bytes, for callers that have no class for it.
struct EncodedMessage {
  std::string_view bytes;
  bool gzipped = false;
};

class Channel {
 public:
  // "host:port", an IP address with a port, several of either separated by commas, or "unix:/path". Throws
  // invalid_argument.
  explicit Channel(std::string target, ChannelOptions options = {});
  ~Channel();  // as PerLoop: on a fiber, once it was used
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // A unary call.
  void call(const Method& method, const google::protobuf::Message& request, google::protobuf::Message& response,
            const CallOptions& options = {});
  // The same with messages as bytes; whether the request is compressed, it says itself.
  std::string call(const Method& method, EncodedMessage request, const CallOptions& options = {});

 private:
  friend class internal::ClientCall;
  internal::LoopChannel& of_this_loop();
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::grpc
