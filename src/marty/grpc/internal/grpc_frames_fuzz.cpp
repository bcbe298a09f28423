// Bodies of calls: length-prefixed messages however they arrive, and the messages in them, plain, compressed and as
// JSON. The same frames are found wherever the body is cut into pieces.
#include <cstdint>
#include <vector>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/frame.hpp"
#include "marty/grpc/internal/message_codec.hpp"

namespace marty::grpc::internal {
namespace {

constexpr std::size_t kMaxBytes = 4096;

// The input in pieces of one size.
class InputSource final : public http::BodySource {
 public:
  InputSource(std::string_view text, std::size_t piece) : rest_(text), piece_(piece) {}
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  std::size_t read_some(std::span<char>) override { return 0; }
  std::string_view read_piece() override {
    const std::string_view piece = rest_.substr(0, piece_);
    rest_.remove_prefix(piece.size());
    return piece;
  }
  std::string_view read_all(std::size_t) override { return {}; }
  void lift_limit() noexcept override {}

 private:
  std::string_view rest_;
  std::size_t piece_;
};

struct Found {
  std::vector<std::pair<int, std::string>> frames;
  Code code = Code::ok;
  bool operator==(const Found&) const = default;
};

Found read(FrameReader reader) {
  Found found;
  try {
    while (const auto frame = reader.next()) {
      MARTY_CHECK(frame->payload.size() <= kMaxBytes);
      found.frames.emplace_back(frame->flags, frame->payload);
    }
  } catch (const Error& error) {
    found.code = error.code();
  }
  return found;
}

void read_messages(std::string_view payload) {
  const auto message = new_builtin_message("google.rpc.Status");
  for (const Codec codec : {Codec::proto, Codec::json}) {
    if (parse_message(payload, codec, *message)) continue;
    try {
      std::string text;
      append_message(text, *message, codec);
    } catch (const Error&) {
    }
  }
  try {
    MARTY_CHECK(inflate(payload, kMaxBytes).size() <= kMaxBytes);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace marty::grpc::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marty::grpc::internal;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const Found whole = read(FrameReader(body, kMaxBytes, kEveryFlag));
  const Found strict = read(FrameReader(body, kMaxBytes, kCompressed));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{7}, size / 2 + 1}) {
    InputSource source(body, piece);
    MARTY_CHECK(read(FrameReader(&source, kMaxBytes, kEveryFlag)) == whole);
    InputSource again(body, piece);
    MARTY_CHECK(read(FrameReader(&again, kMaxBytes, kCompressed)) == strict);
  }
  try {
    if (const auto only = only_frame(body, kMaxBytes, kEveryFlag)) {
      MARTY_CHECK(whole.frames.size() == 1 && whole.frames[0].second == only->payload);
    }
  } catch (const marty::Error&) {
  }
  for (const auto& [flags, payload] : strict.frames) MARTY_CHECK((flags & ~kCompressed) == 0);
  for (const auto& [flags, payload] : whole.frames) read_messages(payload);
  read_messages(body);
  return 0;
}
