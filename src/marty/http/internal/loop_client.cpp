#include "marty/http/internal/loop_client.hpp"

#include <array>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {
namespace {

// The same error, saying which request it was.
[[noreturn]] void rethrow_for(Method method, const Url& url, const Error& error) {
  throw error.with_message(std::string(method_name(method)) + " " + redacted_url(url) + ": " + error.message());
}

}  // namespace

// Sends the request and receives the head, on another connection where the first one broke and a repeat is safe.
LoopClient::Started LoopClient::begin(const OutgoingRequest& request, const Url& url) {
  for (int retries = 0;; ++retries) {
    std::unique_ptr<ClientExchange> exchange = pool_.open(url, /*fresh=*/retries > 0);
    try {
      exchange->send(request);
      Reply head = exchange->receive_head(request.method);
      return {std::move(exchange), std::move(head)};
    } catch (const Error& error) {
      if (error.code() != Code::unavailable || !may_repeat(request, *exchange, retries)) throw;
    }
  }
}

// What no server has touched may be sent again; so may, for a while, an idempotent request that was not answered at all
// (RFC 9110 section 9.2.2). A body stream runs once.
bool LoopClient::may_repeat(const OutgoingRequest& request, const ClientExchange& exchange, int retries) const {
  constexpr int kMostAttempts = 10;
  if (request.stream != nullptr || retries >= kMostAttempts) return false;
  if (exchange.is_untouched()) return true;
  return is_idempotent(request.method) && !exchange.received_anything() && retries < options_.retries;
}

Reply LoopClient::send(const OutgoingRequest& request) {
  const Url url = parse_url(request.url);
  try {
    const runtime::DeadlineScope scope(options_.timeout);
    Started started = begin(request, url);
    started.head.body = read_body(*started.exchange);
    return std::move(started.head);
  } catch (const Error& error) {
    rethrow_for(request.method, url, error);
  }
}

LoopClient::Started LoopClient::start(const OutgoingRequest& request) {
  const Url url = parse_url(request.url);
  try {
    const runtime::DeadlineScope scope(options_.timeout);
    return begin(request, url);
  } catch (const Error& error) {
    rethrow_for(request.method, url, error);
  }
}

std::string LoopClient::read_body(ClientExchange& exchange) const {
  std::string body;
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t size = exchange.read_body(buffer)) {
    if (body.size() + size > options_.max_reply_bytes) {
      throw Error(Code::out_of_range,
                  "the reply is larger than " + std::to_string(options_.max_reply_bytes) + " bytes");
    }
    body.append(buffer.data(), size);
  }
  return body;
}

}  // namespace marty::http::internal
