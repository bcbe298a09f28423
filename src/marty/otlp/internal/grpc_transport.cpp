// OTLP over gRPC (OTLP specification, "OTLP/gRPC").
#include <algorithm>
#include <array>

#include "marty/base/error.hpp"
#include "marty/grpc/channel.hpp"
#include "marty/otlp/internal/endpoint.hpp"
#include "marty/otlp/internal/response.hpp"
#include "marty/otlp/internal/transport.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/tls/tls.hpp"

namespace marty::otlp::internal {
namespace {

constexpr std::array<grpc::Method, 3> kMethods = {
    {{.service = "opentelemetry.proto.collector.trace.v1.TraceService",
      .name = "Export",
      .path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
     {.service = "opentelemetry.proto.collector.metrics.v1.MetricsService",
      .name = "Export",
      .path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
     {.service = "opentelemetry.proto.collector.logs.v1.LogsService",
      .name = "Export",
      .path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"}}};

constexpr std::string_view kRetryInfo = "google.rpc.RetryInfo";

std::optional<runtime::Duration> retry_delay_of(const Error& error) {
  const auto info = std::ranges::find(error.details(), kRetryInfo, &ErrorDetail::type);
  return info == error.details().end() ? std::nullopt : read_retry_delay(info->content);
}

// The table of "Failures": a server without resources may be asked again only where it says when.
bool may_be_sent_again(const Error& error, bool has_delay) noexcept {
  switch (error.code()) {
    case Code::cancelled:
    case Code::deadline_exceeded:
    case Code::aborted:
    case Code::out_of_range:
    case Code::unavailable:
    case Code::data_loss:
      return true;
    case Code::resource_exhausted:
      return has_delay;
    default:
      return false;
  }
}

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(const ExporterOptions& options) : gzipped_(options.compression == Compression::gzip) {
    const http::internal::Url url = parse_endpoint(options.endpoint, Protocol::grpc);
    if (url.secure) tls_.emplace(tls::ClientOptions{.alpn = {"h2"}});
    const bool is_ipv6 = url.host.find(':') != std::string::npos;
    channel_.emplace((is_ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port),
                     grpc::ChannelOptions{.tls = tls_ ? &*tls_ : nullptr, .timeout = options.timeout, .retries = 0});
    for (const auto& [name, value] : options.headers) metadata_.emplace_back(lower(name), std::string(value.reveal()));
  }

  Outcome send(Signal signal, std::string_view request) override {
    try {
      const std::string response = channel_->call(kMethods[static_cast<std::size_t>(signal)],
                                                  grpc::EncodedMessage{request, gzipped_}, {.metadata = metadata_});
      PartialSuccess partial = read_partial_success(response);
      return {.rejected = partial.rejected, .reason = std::move(partial.message)};
    } catch (const Error& error) {
      if (runtime::cancelled()) throw;
      const std::optional<runtime::Duration> delay = retry_delay_of(error);
      return {.kind = may_be_sent_again(error, delay.has_value()) ? Outcome::Kind::retry : Outcome::Kind::refused,
              .reason = describe(std::current_exception()),
              .retry_after = delay};
    }
  }

 private:
  static std::string lower(std::string name) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return name;
  }

  const bool gzipped_;
  std::optional<tls::ClientContext> tls_;  // what the system trusts
  std::optional<grpc::Channel> channel_;
  grpc::Metadata metadata_;
};

}  // namespace

std::unique_ptr<Transport> make_grpc_transport(const ExporterOptions& options) {
  return std::make_unique<GrpcTransport>(options);
}

}  // namespace marty::otlp::internal
