// ReplyStream: the body of a reply that is written piece by piece: as it is, or in chunks (RFC 9112 section 7.1). Small
// pieces are gathered. Any fiber of the loop may write: Wire keeps them apart.
#pragma once

#include <cstdint>

#include "marty/http/internal/reply_head.hpp"
#include "marty/http/internal/reply_pump.hpp"

namespace marty::http::internal {

class ReplyStream final : public BodyWriter {
 public:
  // when_waiting: what was written goes out when the fibers wait, not just when much of it is there.
  enum class Flush : bool { when_full, when_waiting };

  // `body`: of the request; null: it has none. `handler`: the fiber of the connection. Throws where there is no memory
  // for the fiber that sends what waits; then nothing is said yet.
  ReplyStream(Wire& wire, const RequestBody* body, runtime::Fiber& handler, Flush flush, Framing framing);
  ReplyStream(const ReplyStream&) = delete;
  ReplyStream& operator=(const ReplyStream&) = delete;

  void write(std::string_view bytes) override;
  void flush() override;
  // Trailers are for chunks only.
  void finish(std::string_view trailers = {});
  std::uint64_t written() const noexcept { return written_; }

 private:
  Wire& wire_;
  ReplyPump pump_;
  const Framing framing_;
  const Flush flush_;
  std::uint64_t written_ = 0;
};

}  // namespace marty::http::internal
