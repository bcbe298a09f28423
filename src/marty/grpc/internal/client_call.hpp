// ClientCall: one call of a client, over one stream of a connection.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/grpc/channel.hpp"
#include "marty/grpc/internal/call_span.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/loop_channel.hpp"

namespace marty::grpc::internal {

class ClientCall {
 public:
  // Opens a stream; for a unary request `body` is all of it. Throws unavailable, deadline_exceeded.
  ClientCall(LoopChannel& channel, const Method& method, const CallOptions& options,
             std::optional<std::string_view> body);
  static LoopChannel& channel_of(Channel& channel) { return channel.of_this_loop(); }

  // False where the server has ended the call.
  bool send(const google::protobuf::Message& message);
  void finish_sending();
  // False where the call has ended, and ended well.
  bool receive(google::protobuf::Message& message);
  void receive_unary(google::protobuf::Message& message);
  std::string receive_unary_bytes();

  bool is_untouched() const noexcept { return stream_.is_untouched(); }
  void cancel() noexcept { stream_.reset(); }
  void compress(bool on) noexcept { compression_ = on && declares_compression_; }

 private:
  http::ClientStream open(const CallOptions& options, std::optional<std::string_view> body);
  void read_head();
  void check_head(int status, std::string_view content_type) const;
  std::optional<std::string_view> receive_bytes();  // valid until the next ones
  std::string_view content_of(const Frame& frame);
  void end_unary(bool received);
  void check_status();
  bool is_trailers_only() const noexcept;  // once the stream has ended
  [[noreturn]] void throw_status(std::string_view number, const http::HeaderList& fields);
  [[noreturn]] void throw_broken(const Error& error);
  std::string where() const;  // for messages

  LoopChannel& channel_;
  const Method& method_;
  std::optional<CallSpan> span_;  // of a stream; a unary call's is around its attempts
  const runtime::TimePoint deadline_;
  const bool declares_compression_;
  std::optional<bool> compression_;
  ReplyMetadata* const reply_;
  http::ClientStream stream_;
  std::optional<FrameReader> frames_;
  std::string buffer_;
  std::string inflated_;
  bool is_reading_ = false, is_writing_ = false;  // a fiber, now
  bool has_head_ = false;
  bool has_body_ = false;
  bool has_ended_ = false;  // and its status was read
};

// One attempt after the other: what Channel::call() does.
void call_unary(LoopChannel& channel, const Method& method, const google::protobuf::Message& request,
                google::protobuf::Message& response, const CallOptions& options);
std::string call_encoded(LoopChannel& channel, const Method& method, EncodedMessage request,
                         const CallOptions& options);

}  // namespace marty::grpc::internal
