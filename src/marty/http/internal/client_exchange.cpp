#include "marty/http/internal/client_exchange.hpp"

#include <charconv>

#include "marty/base/error.hpp"
#include "marty/http/internal/outgoing.hpp"
#include "marty/http/internal/told_length.hpp"

namespace marty::http::internal {
namespace {

template <class Headers>
Reply copy_head(int status, const Headers& headers) {
  Reply reply{.status = status};
  reply.headers.reserve(headers.size());
  for (const Header& header : headers) reply.headers.emplace_back(header.name, header.value);
  return reply;
}

}  // namespace

Reply Http1Exchange::receive_head(Method method) {
  const ReceivedHead& head = lease_.connection().receive_head(method);
  return copy_head(head.status, head.headers);
}

// The body of a request that comes from a stream. Once the server has answered, the rest is not worth sending.
class Http2Exchange::Writer final : public BodyWriter {
 public:
  Writer(ClientStream& stream, std::optional<std::uint64_t> length) : stream_(stream), length_(length) {}

  void write(std::string_view bytes) override {
    length_.take(bytes.size());
    attempt([&] { stream_.write(bytes); });
  }
  void flush() override {
    attempt([&] { stream_.flush(); });
  }
  void finish() {
    length_.finish();
    attempt([&] { stream_.finish(); });
  }

 private:
  template <class Function>
  void attempt(Function&& function) {
    if (stopped_) return;
    try {
      function();
    } catch (const Error&) {
      if (!stream_.has_head()) throw;
      stopped_ = true;
    }
  }
  ClientStream& stream_;
  ToldLength length_;
  bool stopped_ = false;
};

void Http2Exchange::send(const OutgoingRequest& request) {
  std::vector<Header> headers;
  std::string_view authority = url_.authority;
  for (const auto& [name, value] : request.headers) {
    check_outgoing_header(name, value);
    if (header_name_equals(name, "host")) {
      authority = value;
    } else {
      headers.push_back({name, value});
    }
  }
  char digits[20];
  if (const auto length = told_length(request)) {
    char* const end = std::to_chars(digits, digits + sizeof digits, *length).ptr;
    headers.push_back({"content-length", {digits, static_cast<std::size_t>(end - digits)}});
  }
  const StreamHead head{.method = method_name(request.method),
                        .scheme = url_.secure ? "https" : "http",
                        .authority = authority,
                        .path = url_.target,
                        .headers = headers};
  if (request.stream == nullptr && request.body.empty()) {
    stream_.emplace(connection_->open(head, ""));
    return;
  }
  stream_.emplace(connection_->open(head));
  Writer writer(*stream_, request.stream != nullptr ? request.stream->length() : std::nullopt);
  if (request.stream != nullptr) {
    request.stream->write_to(writer);
  } else {
    writer.write(request.body);
  }
  writer.finish();
}

Reply Http2Exchange::receive_head(Method) {
  const int status = stream_->status();
  return copy_head(status, stream_->headers());
}

}  // namespace marty::http::internal
