#include "marty/grpc/channel.hpp"

#include "marty/grpc/internal/client_call.hpp"
#include "marty/runtime/per_loop.hpp"

namespace marty::grpc {

class Channel::State {
 public:
  State(std::string_view text, ChannelOptions channel_options)
      : target(internal::parse_target(text)), options(std::move(channel_options)) {
    if (options.authority.empty()) options.authority = target.authority;
  }

  const internal::Target target;
  ChannelOptions options;
  runtime::PerLoop<internal::LoopChannel> loops{
      [this] { return std::make_unique<internal::LoopChannel>(target, options); }};
};

Channel::Channel(std::string target, ChannelOptions options)
    : state_(std::make_unique<State>(target, std::move(options))) {}
Channel::~Channel() = default;

internal::LoopChannel& Channel::of_this_loop() { return state_->loops.get(); }

void Channel::call(const Method& method, const google::protobuf::Message& request, google::protobuf::Message& response,
                   const CallOptions& options) {
  internal::call_unary(of_this_loop(), method, request, response, options);
}

std::string Channel::call(const Method& method, EncodedMessage request, const CallOptions& options) {
  return internal::call_encoded(of_this_loop(), method, request, options);
}

}  // namespace marty::grpc
