#include "marty/tls/internal/tls_socket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"
#include "marty/tls/internal/pieces.hpp"

namespace marty::tls::internal {
namespace {

// Of plain text between two hand-overs to the kernel: four records.
constexpr std::size_t kBurstBytes = 4 * kRecordBytes;
// Reads and writes that need not wait, until the other fibers of the loop have their turn.
constexpr unsigned kStepsPerTurn = 128;
constexpr runtime::Duration kLingerTimeout = std::chrono::seconds(1);
constexpr std::size_t kMaxLingerBytes = 64 << 10;

Fault take_fault() {
  const unsigned long code = ERR_peek_error();
  return {code, take_errors()};
}

}  // namespace

std::string Fault::alert() const {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET || reason > SSL_AD_REASON_OFFSET + 255)
    return {};
  const char* const known = ERR_reason_error_string(code);
  if (known == nullptr) return fmt::format("alert {}", reason - SSL_AD_REASON_OFFSET);
  // "tlsv13 alert certificate required": named after the version that it came up in.
  const std::string_view text = known;
  for (const std::string_view prefix : {"alert ", "tlsv1 "}) {
    if (const std::size_t at = text.find(prefix); at != text.npos) return std::string(text.substr(at + prefix.size()));
  }
  return known;
}

TlsSocket::TlsSocket(Ssl ssl, runtime::Socket socket, std::shared_ptr<const void> keeps)
    : keeps_(std::move(keeps)), transport_(std::make_shared<Transport>(std::move(socket))), ssl_(std::move(ssl)) {
  BIO* const bio = transport_->make_bio().release();
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsSocket::~TlsSocket() {
  MARTY_CHECK(reader_ == nullptr && writer_ == nullptr);
  if (deferred_ != nullptr) *deferred_ = nullptr;
  transport_->socket().park(nullptr);
  // An orderly end says so (RFC 8446 section 6.1): without it the peer has to take the stream for cut off.
  if (failure_ != nullptr || transport_->read_failure() != nullptr || ahead_ != 0) return;
  if (SSL_is_init_finished(ssl_.get()) == 0) return;
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) >= 0 && !transport_->idle()) transport_->finish();
  ERR_clear_error();
}

std::optional<Fault> TlsSocket::shake_hands() {
  transport_->gather(true);  // the messages of a flight leave together
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      Fault fault = take_fault();
      transport_->flush_some();  // the alert
      if (transport_->read_failure() != nullptr) std::rethrow_exception(transport_->read_failure());
      return fault;
    }
    transport_->flush();
    if (result == 1) break;
    wait_readable(reader_, "shaking hands with");
  }
  transport_->gather(false);
  return std::nullopt;
}

void TlsSocket::linger(std::string_view answer) noexcept {
  try {
    const runtime::DeadlineScope scope(kLingerTimeout);
    if (!answer.empty()) transport_->socket().write({answer});
    transport_->socket().shutdown_write();
    char rest[4096];
    for (std::size_t total = 0; total < kMaxLingerBytes;) {
      const std::size_t size = transport_->socket().read_some(rest);
      if (size == 0) return;
      total += size;
    }
  } catch (const std::exception&) {  // closing is what comes next in any case
  }
}

// Decrypts at most one record. Nothing: it is not complete yet.
std::optional<std::size_t> TlsSocket::read_record(std::span<char> buffer, bool peek) {
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  ERR_clear_error();
  std::size_t size = 0;
  const int result = peek ? SSL_peek_ex(ssl_.get(), buffer.data(), buffer.size(), &size)
                          : SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
  if (result == 1) return size;
  const int error = SSL_get_error(ssl_.get(), result);
  const Fault fault = error == SSL_ERROR_WANT_READ ? Fault{} : take_fault();
  transport_->flush_some();  // an answer to what was no plain text, or the alert
  if (error == SSL_ERROR_WANT_READ) return std::nullopt;
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  if (transport_->read_failure() != nullptr) std::rethrow_exception(transport_->read_failure());
  fail(fault, "read from");
}

void TlsSocket::fail(const Fault& fault, const char* doing) {
  std::string why;
  if (fault.is(SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
    why = "it closed the connection without the end of TLS (close_notify): what came may not be all";
  } else if (const std::string alert = fault.alert(); !alert.empty()) {
    why = fmt::format("it refuses the connection: {} (a TLS alert)", alert);
  } else {
    why = fault.reasons;
  }
  const Error error(Code::unavailable, fmt::format("cannot {} {}: {}", doing, peer_address().to_string(), why));
  failure_ = std::make_exception_ptr(error);
  throw error;
}

std::optional<std::size_t> TlsSocket::try_read(std::span<char> buffer) {
  MARTY_CHECK(!buffer.empty());
  return read_record(buffer, false);
}

std::size_t TlsSocket::read_some(std::span<char> buffer) {
  give_way();
  for (;;) {
    if (const auto size = try_read(buffer)) return *size;
    wait_readable(reader_, "reading from");
  }
}

// No call of the socket below counts those that are served from what has been decrypted already.
void TlsSocket::give_way() {
  if (++steps_ % kStepsPerTurn == 0) runtime::yield();
}

void TlsSocket::wait_readable(runtime::Event*& place, const char* doing) {
  MARTY_CHECK(place == nullptr);
  struct Waiting {
    runtime::Event event;
    runtime::Event*& place;
    explicit Waiting(runtime::Event*& waiter) : place(waiter) { place = &event; }
    ~Waiting() { place = nullptr; }
  } waiting(place);
  park_below();
  try {
    waiting.event.wait(doing);
  } catch (const Error& error) {
    throw error.with_message(error.message() + ' ' + peer_address().to_string());
  }
}

void TlsSocket::on_readable() noexcept {
  const bool waited_for = reader_ != nullptr || writer_ != nullptr;
  if (reader_ != nullptr) reader_->set();
  if (writer_ != nullptr) writer_->set();
  if (waited_for || parked_ == nullptr) return;
  if (has_something()) {
    std::exchange(parked_, nullptr)->on_readable();  // may destroy this
  } else {
    park_below();  // a part of a record, or a message to OpenSSL itself
  }
}

// A message to OpenSSL itself leaves a buffer behind, in spite of SSL_MODE_RELEASE_BUFFERS.
void TlsSocket::park_below() noexcept {
  SSL_free_buffers(ssl_.get());
  transport_->socket().park(this);
}

void TlsSocket::park(runtime::ReadableCallback* callback) noexcept {
  parked_ = callback;
  if (callback == nullptr) {
    if (reader_ == nullptr && writer_ == nullptr) transport_->socket().park(nullptr);
    return;
  }
  const bool may_have = SSL_has_pending(ssl_.get()) == 1 || SSL_get_shutdown(ssl_.get()) != 0 || failure_ != nullptr ||
                        transport_->read_failure() != nullptr;
  if (!may_have || !has_something()) return park_below();
  // The socket below knows nothing of what was read from it already.
  if (deferred_ != nullptr) return;
  try {
    deferred_ = std::make_shared<TlsSocket*>(this);
    runtime::Loop::current().post([deferred = deferred_] {
      if (*deferred == nullptr) return;
      (*deferred)->deferred_.reset();
      (*deferred)->on_readable();  // looks again: it may have been read meanwhile
    });
  } catch (const std::bad_alloc&) {  // then what comes next tells of it, or the idle timeout
    deferred_.reset();
    park_below();
  }
}

// That a read would not wait. Decrypts, so that a part of a record does not count: who is woken finds something.
bool TlsSocket::has_something() noexcept {
  try {
    char first = 0;
    return read_record({&first, 1}, true).has_value();
  } catch (...) {
    return true;  // the read will tell
  }
}

// Up to a burst of `parts`, from `skip` on. Returns how much; 0: OpenSSL has to read first.
std::size_t TlsSocket::encrypt(std::span<const std::string_view> parts, std::size_t skip) {
  Pieces pieces(parts, skip);
  std::size_t total = 0;
  for (bool last = false; !last;) {
    const std::string_view piece = pieces.next();
    last = pieces.left() == 0 || total + piece.size() >= kBurstBytes;
    transport_->gather(!last);
    if (!encrypt_record(piece)) break;
    total += piece.size();
  }
  transport_->gather(false);
  return total;
}

bool TlsSocket::encrypt_record(std::string_view plain) {
  require_writable();  // also of a reader that met a fault meanwhile
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &size);
  if (result != 1) {
    if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return false;
    const Fault fault = take_fault();
    if (transport_->read_failure() != nullptr) std::rethrow_exception(transport_->read_failure());
    fail(fault, "write to");
  }
  MARTY_CHECK(size == plain.size());
  unsent_.push_back({transport_->taken(), plain.size()});
  ahead_ += plain.size();
  return true;
}

// Of those that are ahead, the bytes whose records are with the kernel.
std::size_t TlsSocket::count_sent() {
  if (transport_->write_failure() != nullptr) std::rethrow_exception(transport_->write_failure());
  const auto left = std::find_if(unsent_.begin(), unsent_.end(),
                                 [sent = transport_->sent()](const Record& record) { return record.end > sent; });
  unsent_.erase(unsent_.begin(), left);
  std::size_t sent = ahead_;
  for (const Record& record : unsent_) sent -= record.plain_bytes;
  return sent;
}

void TlsSocket::require_writable() const {
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0)
    throw Error(Code::unavailable, "the connection to " + peer_address().to_string() + " is shut down for writing");
}

std::size_t TlsSocket::try_write(std::span<const std::string_view> parts) {
  require_writable();
  const std::size_t total = size_of(parts);
  transport_->flush_some();
  while (ahead_ < total && transport_->idle() && encrypt(parts, ahead_) != 0) transport_->flush_some();
  const std::size_t sent = std::min(total, count_sent());
  ahead_ -= sent;
  return sent;
}

void TlsSocket::write(std::span<const std::string_view> parts) {
  give_way();
  require_writable();
  const std::size_t total = size_of(parts);
  transport_->flush();
  while (ahead_ < total) {
    if (encrypt(parts, ahead_) == 0) {
      wait_readable(writer_, "writing to");
      if (parked_ != nullptr) park(parked_);  // what woke this fiber was meant for that, too
    }
    transport_->flush();
  }
  unsent_.clear();
  ahead_ -= total;
}

std::size_t TlsSocket::write_some(std::string_view bytes) {
  give_way();
  for (;;) {
    if (const std::size_t size = try_write({&bytes, 1}); size != 0 || bytes.empty()) return size;
    if (!transport_->idle()) {
      transport_->flush_part();
      continue;
    }
    wait_readable(writer_, "writing to");
    if (parked_ != nullptr) park(parked_);  // what woke this fiber was meant for that, too
  }
}

void TlsSocket::shutdown_write() noexcept {
  if (failure_ != nullptr || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  transport_->finish();
}

// Of what has been read from it already a callback has told, or it is a part of a record.
bool TlsSocket::has_input() noexcept { return transport_->socket().has_input(); }

bool TlsSocket::closed_by_peer() const noexcept {
  return failure_ != nullptr || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0 ||
         transport_->socket().closed_by_peer();
}

}  // namespace marty::tls::internal
