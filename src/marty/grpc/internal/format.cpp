#include "marty/grpc/internal/format.hpp"

#include "marty/base/strings.hpp"

namespace marty::grpc::internal {
namespace {

constexpr Format kFormats[] = {
    {Framing::grpc, Codec::proto, "application/grpc"},
    {Framing::grpc, Codec::proto, "application/grpc+proto"},
    {Framing::grpc, Codec::json, "application/grpc+json"},
    {Framing::web, Codec::proto, "application/grpc-web"},
    {Framing::web, Codec::proto, "application/grpc-web+proto"},
    {Framing::web, Codec::json, "application/grpc-web+json"},
    {Framing::web_text, Codec::proto, "application/grpc-web-text"},
    {Framing::web_text, Codec::proto, "application/grpc-web-text+proto"},
    {Framing::connect, Codec::json, "application/json"},
    {Framing::connect, Codec::proto, "application/proto"},
    {Framing::connect_stream, Codec::proto, "application/connect+proto"},
    {Framing::connect_stream, Codec::json, "application/connect+json"},
};

}  // namespace

std::optional<Format> parse_format(std::string_view content_type) noexcept {
  std::string_view essence = content_type.substr(0, content_type.find(';'));
  while (essence.ends_with(' ') || essence.ends_with('\t')) essence.remove_suffix(1);
  for (const Format& format : kFormats) {
    if (equals_ignore_case(format.content_type, essence)) return format;
  }
  return std::nullopt;
}

std::string_view encoding_name(Framing framing) noexcept {
  switch (framing) {
    case Framing::connect:
      return "content-encoding";
    case Framing::connect_stream:
      return "connect-content-encoding";
    default:
      return "grpc-encoding";
  }
}

std::string_view accept_encoding_name(Framing framing) noexcept {
  switch (framing) {
    case Framing::connect:
      return "accept-encoding";
    case Framing::connect_stream:
      return "connect-accept-encoding";
    default:
      return "grpc-accept-encoding";
  }
}

}  // namespace marty::grpc::internal
