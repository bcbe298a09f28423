#include "marty/tls/internal/transport.hpp"

#include <array>
#include <optional>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/world.hpp"

namespace marty::tls::internal {
namespace {

// Answers to key updates, of a peer that asks for them and does not read.
constexpr std::size_t kMaxPendingBytes = 256 << 10;
// What was written before the end has this long to leave, once nobody holds the socket any more.
constexpr runtime::Duration kFarewellTimeout = std::chrono::seconds(10);

class Farewell final : public runtime::FiberJob {
 public:
  explicit Farewell(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
  void run() override {
    try {
      const runtime::DeadlineScope scope(kFarewellTimeout);
      transport_->flush();
    } catch (const std::exception&) {  // the peer is gone or too slow, and nobody is left to tell
    }
  }
  void finished() noexcept override { delete this; }

 private:
  std::shared_ptr<Transport> transport_;
};

}  // namespace

// What OpenSSL calls.
struct BioCalls {
  static Transport& of(BIO* bio) { return *static_cast<Transport*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, std::size_t size, std::size_t* done) {
    BIO_clear_retry_flags(bio);
    const int result = of(bio).read({data, size});
    if (result > 0) *done = static_cast<std::size_t>(result);
    if (result < 0 && of(bio).read_failure() == nullptr) BIO_set_retry_read(bio);
    return result > 0 ? 1 : result;
  }
  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
    BIO_clear_retry_flags(bio);
    of(bio).take({data, size});
    *done = size;
    return 1;
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended() ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  // Never changes once made, and OpenSSL wants it to outlive every BIO.
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "marty::tls::Transport");
      if (method == nullptr) throw_internal("BIO_meth_new");
      BIO_meth_set_read_ex(method, read);
      BIO_meth_set_write_ex(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

Bio Transport::make_bio() {
  Bio bio(BIO_new(BioCalls::method()));
  require(bio != nullptr, "BIO_new");
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

int Transport::read(std::span<char> buffer) noexcept {
  if (read_failure_ != nullptr) return -1;
  try {
    const std::optional<std::size_t> size = socket_.try_read(buffer);
    if (!size) return -1;
    ended_ = *size == 0;
    return static_cast<int>(*size);
  } catch (...) {
    read_failure_ = std::current_exception();
    return -1;
  }
}

void Transport::take(std::string_view bytes) noexcept {
  if (write_failure_ != nullptr) return;
  taken_ += bytes.size();
  try {
    if (pending_.size() + bytes.size() > kMaxPendingBytes)
      throw Error(Code::unavailable, socket_.peer_address().to_string() + " does not read what it asks for");
    if (gathering_ || writing_) {
      pending_ += bytes;
    } else {
      send(bytes);
    }
  } catch (...) {
    fail_write(std::current_exception());
  }
}

// What is pending and then `bytes`, in one system call where both fit.
void Transport::send(std::string_view bytes) {
  const std::array<std::string_view, 2> parts{pending_, bytes};
  const std::size_t size = socket_.try_write(parts);
  sent_ += size;
  if (size < pending_.size()) {
    pending_.erase(0, size);
    pending_ += bytes;
  } else {
    const std::size_t of_bytes = size - pending_.size();
    pending_ = bytes.substr(of_bytes);
  }
}

bool Transport::flush_some() noexcept {
  if (writing_ || write_failure_ != nullptr) return false;
  if (!pending_.empty()) {
    try {
      send({});
    } catch (...) {
      fail_write(std::current_exception());
    }
  }
  if (!pending_.empty()) return false;
  std::string().swap(pending_);  // an idle connection holds none
  shut_down_if_finished();
  return write_failure_ == nullptr;
}

void Transport::flush() {
  MARTY_CHECK(!writing_);  // one writer at a time
  while (!flush_some()) {
    if (write_failure_ != nullptr) std::rethrow_exception(write_failure_);
    // Meanwhile a reader may have more to send, and pending_ grow.
    const std::string bytes = std::exchange(pending_, {});
    writing_ = true;
    try {
      socket_.write({bytes});
    } catch (...) {
      // How much of it left is not known: what came next would be no record.
      fail_write(std::current_exception());
      const std::string reason = describe(write_failure_);
      write_failure_ = std::make_exception_ptr(Error(Code::unavailable, "an earlier write failed: " + reason));
      throw;
    }
    writing_ = false;
    sent_ += bytes.size();
  }
}

void Transport::flush_part() {
  MARTY_CHECK(!writing_);  // one writer at a time
  if (flush_some()) return;
  if (write_failure_ != nullptr) std::rethrow_exception(write_failure_);
  std::string bytes = std::exchange(pending_, {});  // meanwhile a reader may have more to send
  std::size_t size = 0;
  writing_ = true;
  const auto give_back = [&] {
    try {
      bytes.erase(0, size);
      bytes += pending_;
    } catch (...) {
      fail_write(std::current_exception());
      throw;
    }
    pending_.swap(bytes);
    writing_ = false;
  };
  try {
    size = socket_.write_some(bytes);
  } catch (const Error& error) {
    error.code() == Code::unavailable ? fail_write(std::current_exception()) : give_back();
    throw;
  } catch (...) {
    give_back();
    throw;
  }
  sent_ += size;
  give_back();
}

void Transport::fail_write(std::exception_ptr failure) noexcept {
  write_failure_ = std::move(failure);
  writing_ = false;
  std::string().swap(pending_);
}

void Transport::shut_down_if_finished() noexcept {
  if (std::exchange(finishing_, false)) socket_.shutdown_write();
}

void Transport::finish() noexcept {
  finishing_ = true;
  if (writing_ || flush_some() || write_failure_ != nullptr) return;  // the fiber that writes comes to it
  runtime::Loop* const loop = runtime::Loop::current_or_null();
  if (loop == nullptr) return;
  try {
    auto job = std::make_unique<Farewell>(shared_from_this());
    loop->launch(*job);
    job.release();                   // finished() destroys it
  } catch (const std::exception&) {  // no memory for a stack: the peer sees the stream cut off
  }
}

}  // namespace marty::tls::internal
