// Writes the body of a streamed reply: as it is, or in chunks (RFC 9112 section 7.1). Small writes are gathered.
#pragma once

#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/wire.hpp"

namespace marty::http::internal {

class ReplyStream final : public BodyWriter {
 public:
  ReplyStream(Wire& wire, Framing framing, std::uint64_t length) : wire_(wire), left_(length), framing_(framing) {}

  void write(std::string_view bytes) override;
  void flush() override { wire_.flush(); }
  // Throws where the stream was shorter than it had said. Trailers are for chunks only.
  void finish(std::string_view trailers = {});

 private:
  Wire& wire_;
  std::uint64_t left_;  // of Framing::length
  Framing framing_;
};

}  // namespace marty::http::internal
