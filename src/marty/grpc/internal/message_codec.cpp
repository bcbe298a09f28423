#include "marty/grpc/internal/message_codec.hpp"

#include <google/protobuf/util/json_util.h>

#include "marty/base/error.hpp"
#include "marty/compress/compress.hpp"
#include "marty/grpc/internal/frame.hpp"

namespace marty::grpc::internal {

using google::protobuf::Message;

namespace {

// protobuf 3.21 bounds the depth of objects alone; lists within lists (google.protobuf.Value) cost their depth squared.
bool is_too_deep(std::string_view json) noexcept {
  constexpr int kMaxDepth = 100;  // as protobuf has it for messages
  int depth = 0;
  char quote = 0;  // it takes both kinds
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

void append_message(std::string& out, const Message& message, Codec codec) {
  if (codec == Codec::proto) {
    const std::size_t size = message.ByteSizeLong();
    const std::size_t at = out.size();
    out.resize_and_overwrite(at + size, [&](char* text, std::size_t) {
      message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(text + at));
      return at + size;
    });
    return;
  }
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text);
  if (!status.ok())
    throw Error(Code::internal, "cannot write a " + message.GetTypeName() + " as JSON: " + status.ToString());
  out += text;
}

void append_framed(std::string& out, const Message& message, Codec codec, bool compress) {
  const std::size_t begin = out.size();
  out.append(kFrameHeadBytes, '\0');
  const std::size_t at = out.size();
  append_message(out, message, codec);
  if (compress) {
    const std::string packed = compress::compress(compress::Coding::gzip, std::string_view(out).substr(at));
    out.replace(at, std::string::npos, packed);
  }
  write_frame_head(out.data() + begin, compress ? kCompressed : 0, out.size() - at);
}

std::optional<std::string> parse_message(std::string_view bytes, Codec codec, Message& message) {
  const auto wrong = [&](std::string_view why) {
    return "the message is not a valid " + message.GetTypeName() + std::string(why.empty() ? "" : ": ") +
           std::string(why);
  };
  if (codec == Codec::proto) {
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    return wrong("");
  }
  if (is_too_deep(bytes)) return wrong("it is nested too deeply");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // as protobuf itself does: a newer peer
  const auto status = google::protobuf::util::JsonStringToMessage({bytes.data(), bytes.size()}, &message, options);
  if (status.ok()) return std::nullopt;
  const std::string_view why(status.message().data(), status.message().size());
  return wrong(why.substr(0, why.find('\n')));  // an excerpt follows
}

std::string inflate(std::string_view bytes, std::size_t max_bytes) {
  try {
    return compress::gunzip(bytes, max_bytes);
  } catch (const Error& error) {
    if (error.code() == Code::out_of_range) throw_message_too_large(max_bytes);
    throw;
  }
}

}  // namespace marty::grpc::internal
