// Requests and responses as handlers see them, whatever the protocol version beneath.
//
//   void hello(http::Request& request, http::Response& response) {
//     response.set_header("x-greeting", "yes");
//     response.set_body("hello " + std::string(request.path()), "text/plain");
//   }
//
// Every view of a Request lives until its handler returns.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/list_field.hpp"
#include "marty/runtime/net.hpp"

namespace marty {
class Error;
}
namespace marty::tls {
struct Identity;
}

namespace marty::http {

enum class Method : std::uint8_t { get, head, post, put, del, patch, options, trace, connect, other };
std::string_view method_name(Method method) noexcept;  // "GET"; "OTHER"
Method parse_method(std::string_view name) noexcept;   // case-sensitive (RFC 9110 section 9.1)
bool is_safe(Method method) noexcept;                  // RFC 9110 section 9.2.1
bool is_idempotent(Method method) noexcept;            // section 9.2.2
std::string_view reason_phrase(int status) noexcept;   // "Not Found"; "" for statuses without one

bool header_name_equals(std::string_view left, std::string_view right) noexcept;  // ASCII case-insensitive

struct Header {
  std::string_view name;
  std::string_view value;  // without surrounding white space
};

namespace internal {
// Takes the first of lines as they are written, "name: value\r\n" each. REQUIRES one.
Header take_line(std::string_view& lines) noexcept;
}  // namespace internal

// The headers of a message as received, in order.
class HeaderList {
 public:
  HeaderList() = default;
  explicit HeaderList(std::span<const Header> headers) : headers_(headers) {}
  std::optional<std::string_view> find(std::string_view name) const noexcept;  // the first of that name
  std::string_view get(std::string_view name) const noexcept { return find(name).value_or(std::string_view()); }
  bool has(std::string_view name) const noexcept { return find(name).has_value(); }
  // A field that is a list, over all its lines; whether it has an element: "connection", "close".
  ListField list(std::string_view name) const noexcept {
    return {headers_.data(), headers_.data() + headers_.size(), name};
  }
  bool contains_token(std::string_view name, std::string_view token) const noexcept;
  auto begin() const noexcept { return headers_.begin(); }
  auto end() const noexcept { return headers_.end(); }
  std::size_t size() const noexcept { return headers_.size(); }

 private:
  std::span<const Header> headers_;
};

// Where body bytes come from: the connection.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::optional<std::uint64_t> length() const noexcept = 0;  // where the sender told it
  // At least one byte, or 0 at the end. Throws Error: invalid_argument (bad chunk), out_of_range with status 413,
  // deadline_exceeded with 408, unavailable (cut).
  virtual std::size_t read_some(std::span<char> buffer) = 0;
  // The same without a copy: at least one byte, valid until the next read; empty at the end.
  virtual std::string_view read_piece() = 0;
  // The whole rest; no copy where it stands in the receive buffer already.
  virtual std::string_view read_all(std::size_t max_bytes) = 0;
  // From now on the body may be longer than the server's limit: for streams of messages, each with a limit of its own.
  virtual void lift_limit() noexcept = 0;
};

class Request {
 public:
  Method method = Method::get;
  std::string_view method_text = "GET";
  std::string_view target = "/";  // as sent, origin form
  std::string_view authority;     // Host or :authority
  HeaderList headers;
  int version_major = 1;  // of HTTP: 1.0, 1.1 or 2.0
  int version_minor = 1;
  bool secure = false;                          // over TLS
  std::shared_ptr<const tls::Identity> client;  // who the client has proved to be (mTLS); null: nobody
  BodySource* body_source = nullptr;            // null: no body
  const runtime::Address* peer = nullptr;

  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }  // percent-encoded
  std::string_view query() const noexcept;                                               // without '?'
  std::string_view header(std::string_view name) const noexcept { return headers.get(name); }
  ListField list(std::string_view name) const noexcept { return headers.list(name); }  // of a field that is a list
  // The whole body, at most max_bytes (else Error with status 413).
  std::string_view body(std::size_t max_bytes = kNoLimit) {
    return body_source ? body_source->read_all(max_bytes) : std::string_view();
  }

  static constexpr std::size_t kNoLimit = ~std::size_t{0};  // the server's own limit applies
};

// Where a body goes that is written piece by piece; write() waits while the other side is slow.
//
// A reply's may be written to by several fibers of its loop: a feed and its heartbeat. The bytes of one write() stand
// together, and all of them in the order of the calls; while the client is slow everybody waits, and is served in that
// order. Where such a wait is interrupted, by a cancellation or a deadline, these bytes are sent all the same, and the
// others go on. All of these fibers have to have ended when the handler, or the function of the stream, returns.
//
// Throws Error: cancelled where the client has gone or takes nothing for too long, and for what interrupts a wait.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void flush() = 0;  // sends what is buffered (server-sent events)
};

// What produces a streamed body. The head goes out with the first 16 KiB or the first flush(): an exception before that
// is still a reply of its own, later it cuts the body short, and the client sees that.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }  // known: Content-Length, else chunked
  virtual void write_to(BodyWriter& writer) = 0;
};

class Response;

// Where the head of a response goes that is sent before its handler returns: the connection. Neither waits: where one
// throws, nothing is said yet.
class ResponseChannel {
 public:
  virtual BodyWriter& begin(Response& response) = 0;
  // For a body that is sent when much of it is there, or at a flush(). `length`: where it is known.
  virtual BodyWriter& begin_stream(Response& response, std::optional<std::uint64_t> length) = 0;
  virtual std::uint64_t body_bytes() const noexcept = 0;  // that were written to it

 protected:
  ~ResponseChannel() = default;
};

// A response in the making. Headers are kept as the bytes they will be on the wire; Date, Content-Length,
// Transfer-Encoding and Connection are the server's to set (setting them throws invalid_argument), as does a name or
// value with characters RFC 9110 section 5 forbids.
class Response {
 public:
  int status = 200;

  void add_header(std::string_view name, std::string_view value);
  // The same for a name and a value that are valid for certain – literals, ids of our own: nothing is checked.
  void add_header_unchecked(std::string_view name, std::string_view value);
  void set_header(std::string_view name, std::string_view value);  // replaces
  void remove_header(std::string_view name) noexcept;
  std::string_view header(std::string_view name) const noexcept;  // "" where absent
  ListField list(std::string_view name) const noexcept { return ListField::of_lines(head_, name); }
  // Adds an element to a field that is a list, unless it is there: all its elements then stand on one line.
  void add_to_list(std::string_view name, std::string_view element);
  template <class Visit>
  void for_each_header(Visit&& visit) const {  // visit(name, value)
    for (std::string_view lines = head_; !lines.empty();) {
      const Header header = internal::take_line(lines);
      visit(header.name, header.value);
    }
  }

  std::string& body() noexcept { return body_; }  // write into it; its capacity is reused between requests
  const std::string& body() const noexcept { return body_; }
  void set_body(std::string_view content, std::string_view content_type);
  // A body that is written once the handler, or the web application with all its filters, has returned.
  void set_stream(std::unique_ptr<BodyStream> stream) { stream_ = std::move(stream); }
  BodyStream* stream() const noexcept { return stream_.get(); }
  std::unique_ptr<BodyStream> take_stream() noexcept { return std::move(stream_); }

  // Sends status and headers now and gives what the body is written to, for a handler that writes while the request
  // still arrives. Called again, it gives the same writer. From then on the status is fixed, and a header that is
  // added becomes a trailer. Throws failed_precondition where nobody listens: a response that a test has made.
  BodyWriter& begin();
  bool begun() const noexcept { return writer_ != nullptr; }
  // The same for write_stream(), which holds the body to its length.
  BodyWriter& begin_stream(std::optional<std::uint64_t> length);
  std::uint64_t body_bytes() const noexcept { return begun() ? channel_->body_bytes() : body_.size(); }
  // A field behind the body (RFC 9110 section 6.5). HTTP/2 sends it, HTTP/1.1 where the body is chunked and the client
  // says "TE: trailers"; elsewhere it is dropped. Throws as add_header() does.
  void add_trailer(std::string_view name, std::string_view value);
  void add_trailer_unchecked(std::string_view name, std::string_view value);  // as add_header_unchecked()
  std::string take_trailers() noexcept { return std::exchange(trailers_, {}); }
  std::string_view wire_trailers() const noexcept { return trailers_; }
  // What has begun cannot be completed: the client is to see that something is missing.
  void fail() noexcept { failed_ = true; }
  bool failed() const noexcept { return failed_; }
  void attach(ResponseChannel* channel) noexcept { channel_ = channel; }  // the server's business
  bool attached() const noexcept { return channel_ != nullptr; }

  void close_connection() noexcept { close_ = true; }  // after this response
  bool closes_connection() const noexcept { return close_; }

  std::string_view wire_headers() const noexcept { return head_; }  // "name: value\r\n" each
  void clear() noexcept;                                            // for the next request; keeps capacity

 private:
  ResponseChannel& channel() const;
  std::string head_;
  std::string body_;
  std::string trailers_;
  std::unique_ptr<BodyStream> stream_;
  ResponseChannel* channel_ = nullptr;
  BodyWriter* writer_ = nullptr;
  bool close_ = false;
  bool failed_ = false;
};

// Writes the body of a response that has a stream, until its end: the server does so after the handler, an application
// within the handler, so that its context is that of the body. A body that is over before its head had to go out is
// like one in memory. HEAD gets the head, and nothing is run. Passes on what the stream throws; internal where the
// stream is not as long as it had told.
void write_stream(const Request& request, Response& response);

// What serves requests: the web application, or a plain function in tests. Runs on a fiber; several run at the same
// time on one loop and on several loops. An Error that leaves it becomes a minimal problem+json; other exceptions a 500
// without detail.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Request& request, Response& response) = 0;
  // The reply to a request that the server does not let in: its head is malformed, too large or late, its body longer
  // than the limit, or there are too many at once. `refusal` says the status, the code and, for the client, why. The
  // request holds what could be read of it, perhaps nothing (then method is other, and the texts are empty); its body
  // is not to be read. By default a minimal problem+json. A handler around another one hands it on.
  virtual void refuse(Request& request, Response& response, const Error& refusal);
  // What reports call a request that hangs: nothing of it that could be a secret. On any fiber of its loop.
  virtual std::string name_of(const Request& request) { return std::string(request.method_text); }
};

}  // namespace marty::http
