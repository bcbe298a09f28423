// ServerCall: one call on its way through a method: from the request's bytes to messages and back, in whichever of the
// protocols it came by (format.hpp).
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <string>

#include "marty/grpc/api.hpp"
#include "marty/grpc/internal/format.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/web/exchange.hpp"

namespace marty::grpc::internal {

class ServerCall final : public Call, public CallDriver, private MessageSource, private MessageSink {
 public:
  // Reads what the headers say. Throws Error: invalid_argument, unimplemented (an encoding that nobody knows).
  ServerCall(web::Exchange& exchange, const MethodHandler& handler);
  ~ServerCall() = default;

  void read_unary(google::protobuf::Message& request) override;
  void write_unary(const google::protobuf::Message& response) override;
  void finish() override;
  MessageSource& source() noexcept override { return *this; }
  MessageSink& sink() noexcept override { return *this; }
  Call& call() noexcept override { return *this; }

 private:
  bool read(google::protobuf::Message& message) override;
  void write(const google::protobuf::Message& message) override;
  void flush() override;

  void read_headers();
  void read_query(google::protobuf::Message& request);
  void read_body(google::protobuf::Message& request);
  void read_encoding();
  bool caller_takes_gzip() const noexcept;
  bool reads_query() const noexcept;
  void decode(std::string_view bytes, bool compressed, google::protobuf::Message& message);
  void append(std::string& out, const google::protobuf::Message& message);
  void begin_head();
  void put(std::string_view bytes);  // into the begun body

  web::Exchange& exchange_;
  const MethodHandler& handler_;
  Format format_;
  std::optional<FrameReader> frames_;
  std::string text_;      // of a web_text request, decoded
  std::string inflated_;  // the message being read
  std::string buffer_;    // the message being written
  bool compressed_request_ = false;
  bool is_reading_ = false, is_writing_ = false;  // a fiber, now
};

}  // namespace marty::grpc::internal
