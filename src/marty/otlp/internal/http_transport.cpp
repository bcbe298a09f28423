// OTLP over HTTP with protobuf (OTLP specification, "OTLP/HTTP").
#include <array>

#include "marty/base/error.hpp"
#include "marty/http/client.hpp"
#include "marty/otlp/internal/endpoint.hpp"
#include "marty/otlp/internal/response.hpp"
#include "marty/otlp/internal/transport.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::otlp::internal {
namespace {

// A request that is kept by whoever sends it, to be sent again.
class KeptBody final : public http::BodyStream {
 public:
  explicit KeptBody(std::string_view body) : body_(body) {}
  std::optional<std::uint64_t> length() const override { return body_.size(); }
  void write_to(http::BodyWriter& writer) override { writer.write(body_); }

 private:
  const std::string_view body_;
};

bool may_be_sent_again(int status) noexcept { return status == 429 || status == 502 || status == 503 || status == 504; }

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(const ExporterOptions& options)
      : client_({.timeout = options.timeout, .max_reply_bytes = 1 << 20}) {
    parse_endpoint(options.endpoint, Protocol::http);
    std::string base = options.endpoint;
    while (base.ends_with('/')) base.pop_back();
    for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs})
      urls_[static_cast<std::size_t>(signal)] = base + "/v1/" + std::string(signal_name(signal));
    headers_ = {{"content-type", "application/x-protobuf"}, {"user-agent", "OTel-OTLP-Exporter-Marty/" MARTY_VERSION}};
    if (options.compression == Compression::gzip) headers_.emplace_back("content-encoding", "gzip");
    for (const auto& [name, value] : options.headers) headers_.emplace_back(name, std::string(value.reveal()));
  }

  Outcome send(Signal signal, std::string_view request) override {
    try {
      return outcome_of(client_.send({.method = http::Method::post,
                                      .url = urls_[static_cast<std::size_t>(signal)],
                                      .headers = headers_,
                                      .stream = std::make_shared<KeptBody>(request)}));
    } catch (const Error& error) {
      if (runtime::cancelled()) throw;
      const bool again = error.code() == Code::unavailable || error.code() == Code::deadline_exceeded;
      return {.kind = again ? Outcome::Kind::retry : Outcome::Kind::refused,
              .reason = describe(std::current_exception())};
    }
  }

 private:
  static Outcome outcome_of(const http::Reply& reply) {
    if (reply.status >= 200 && reply.status < 300) {
      PartialSuccess partial = read_partial_success(reply.body);
      return {.rejected = partial.rejected, .reason = std::move(partial.message)};
    }
    const std::string said = read_status_message(reply.body);
    const bool again = may_be_sent_again(reply.status);
    return {.kind = again ? Outcome::Kind::retry : Outcome::Kind::refused,
            .reason = "HTTP status " + std::to_string(reply.status) + (said.empty() ? "" : ": ") + said,
            .retry_after = again ? read_retry_after(reply.header("retry-after"), runtime::wall_now()) : std::nullopt};
  }

  http::Client client_;
  std::array<std::string, 3> urls_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(const ExporterOptions& options) {
  return std::make_unique<HttpTransport>(options);
}

}  // namespace marty::otlp::internal
