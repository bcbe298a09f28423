#include "marty/base/error.hpp"

#include <array>
#include <atomic>
#include <new>
#include <utility>

#include "marty/base/check.hpp"
#include "marty/base/stack.hpp"

namespace marty {
namespace {

constexpr std::array<CodeInfo, 17> kCodes{{
    {Code::ok, "ok", "OK", 200},
    {Code::cancelled, "cancelled", "Cancelled", 499},
    {Code::unknown, "unknown", "Unknown error", 500},
    {Code::invalid_argument, "invalid_argument", "Invalid request", 400},
    {Code::deadline_exceeded, "deadline_exceeded", "Deadline exceeded", 504},
    {Code::not_found, "not_found", "Not found", 404},
    {Code::already_exists, "already_exists", "Already exists", 409},
    {Code::permission_denied, "permission_denied", "Permission denied", 403},
    {Code::resource_exhausted, "resource_exhausted", "Resource exhausted", 429},
    {Code::failed_precondition, "failed_precondition", "Failed precondition", 409},
    {Code::aborted, "aborted", "Conflict", 409},
    {Code::out_of_range, "out_of_range", "Out of range", 400},
    {Code::unimplemented, "unimplemented", "Not implemented", 501},
    {Code::internal, "internal", "Internal error", 500},
    {Code::unavailable, "unavailable", "Unavailable", 503},
    {Code::data_loss, "data_loss", "Data loss", 500},
    {Code::unauthenticated, "unauthenticated", "Unauthenticated", 401},
}};

Stack stack_for(Code code) {
  const bool unplanned = code == Code::internal || code == Code::unknown || code == Code::data_loss;
  return unplanned ? Stack::here() : Stack();
}

}  // namespace

const CodeInfo& code_info(Code code) {
  const auto index = static_cast<std::size_t>(code);
  MARTY_CHECK(index < kCodes.size());
  return kCodes[index];
}

Code code_from_http_status(int status) {
  switch (status) {
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::permission_denied;
    case 404:
    case 410:
      return Code::not_found;
    case 408:
    case 504:
      return Code::deadline_exceeded;
    case 409:
      return Code::aborted;
    case 412:
    case 428:
      return Code::failed_precondition;
    case 416:
      return Code::out_of_range;
    case 429:
      return Code::resource_exhausted;
    case 499:
      return Code::cancelled;
    case 501:
      return Code::unimplemented;
    case 502:
    case 503:
      return Code::unavailable;
    default:
      break;
  }
  if (status >= 200 && status < 400) return Code::ok;
  if (status >= 400 && status < 500) return Code::invalid_argument;
  return status >= 500 && status < 600 ? Code::internal : Code::unknown;
}

struct Error::Content {
  Code code;
  std::string message;
  std::vector<FieldError> fields;
  std::exception_ptr cause;
  int http_status;
  Stack stack;
  bool for_callers = false;
  std::vector<ErrorDetail> details = {};
};

// A content and how many Errors share it.
struct Error::Shared {
  Content content;
  std::atomic<int> owners = 1;
};

Error::Error(Content content) : shared_(new Shared{std::move(content)}) {}
Error::Error(Code code, std::string message)
    : Error(Content{code, std::move(message), {}, nullptr, code_info(code).http_status, stack_for(code)}) {}
Error::Error(Code code, std::string message, std::vector<FieldError> fields)
    : Error(Content{code, std::move(message), std::move(fields), nullptr, code_info(code).http_status,
                    stack_for(code)}) {}
Error::Error(Code code, std::string message, std::exception_ptr cause)
    : Error(Content{code, std::move(message), {}, std::move(cause), code_info(code).http_status, stack_for(code)}) {}

Error::Error(const Error& other) noexcept : std::exception(other), shared_(other.shared_) {
  shared_->owners.fetch_add(1, std::memory_order_relaxed);
}

Error& Error::operator=(const Error& other) noexcept {
  Error copy(other);
  std::swap(shared_, copy.shared_);
  return *this;
}

Error::~Error() {
  if (shared_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
}

Error Error::exhausted(std::string message) {
  return Error(Content{Code::resource_exhausted, std::move(message), {}, nullptr, 503, {}});
}

Error Error::invalid(std::vector<FieldError> fields) {
  std::string message =
      fields.size() == 1 ? "1 field is invalid" : std::to_string(fields.size()) + " fields are invalid";
  for (std::size_t i = 0; i < fields.size() && i < 3; ++i) {
    message += i == 0 ? ": " : "; ";
    if (!fields[i].pointer.empty()) message += fields[i].pointer + " ";
    message += fields[i].message;
  }
  return Error(Code::invalid_argument, std::move(message), std::move(fields));
}

Error Error::with_http_status(int status) const {
  Content content = shared_->content;
  content.http_status = status;
  return Error(std::move(content));
}

Error Error::for_callers() const {
  Content content = shared_->content;
  content.for_callers = true;
  return Error(std::move(content));
}

Error Error::with_message(std::string message) const {
  return Error(
      Content{code(), std::move(message), {}, std::make_exception_ptr(*this), http_status(), stack_for(code())});
}

Error Error::with_detail(ErrorDetail detail) const {
  Content content = shared_->content;
  content.details.push_back(std::move(detail));
  return Error(std::move(content));
}

const std::vector<ErrorDetail>& Error::details() const noexcept { return shared_->content.details; }
bool Error::is_for_callers() const noexcept {
  return http_status() < 500 || code() == Code::unimplemented || shared_->content.for_callers;
}
int Error::http_status() const noexcept { return shared_->content.http_status; }
Code Error::code() const noexcept { return shared_->content.code; }
const std::string& Error::message() const noexcept { return shared_->content.message; }
const std::vector<FieldError>& Error::fields() const noexcept { return shared_->content.fields; }
std::exception_ptr Error::cause() const noexcept { return shared_->content.cause; }
std::string Error::stack() const { return shared_->content.stack.text(); }
const char* Error::what() const noexcept { return shared_->content.message.c_str(); }

namespace {

// What a cause adds to a message that may end in its own: whoever passes an error on often repeats what it says.
std::string describe_cause(const std::exception_ptr& cause, std::string_view told) {
  try {
    std::rethrow_exception(cause);
  } catch (const Error& error) {
    if (!told.ends_with(error.message())) return ": " + describe(cause);
    return error.cause() ? describe_cause(error.cause(), told) : std::string();
  } catch (const std::exception& error) {
    return told.ends_with(error.what()) ? std::string() : ": " + describe(cause);
  } catch (...) {
    return ": " + describe(cause);
  }
}

}  // namespace

std::string describe(std::exception_ptr exception) {
  if (!exception) return "no error";
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    std::string text = std::string(code_info(error.code()).name) + ": " + error.message();
    if (error.cause()) text += describe_cause(error.cause(), error.message());
    return text;
  } catch (const std::bad_alloc&) {
    return "out of memory";  // what() names a type
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

}  // namespace marty
