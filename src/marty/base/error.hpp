// Error: the one error type of Marty, and the one table of codes behind it.
//
// Throw an Error with a canonical code and a message a person can act on (what, where, what to do). Absence is
// std::optional; parsers, where failure is ordinary, return std::expected. The table maps each code to its HTTP status
// (problem+json, RFC 9457) and its gRPC status.
//
//   throw Error(Code::not_found, "no pet with id 42");
//   throw Error::invalid({{"/age_months", "must be at most 600"}});
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace marty {

// The canonical codes of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html); the values are the gRPC
// status.
enum class Code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// One row of the code table.
struct CodeInfo {
  Code code;
  std::string_view name;   // "not_found": in problem+json, logs and metrics
  std::string_view title;  // "Not found": the human title of problem+json
  int http_status;
};

// The row for `code`. Every enumerator has one.
const CodeInfo& code_info(Code code);

// The code that best describes an HTTP status of a reply that is not ours (404 -> not_found, 503 -> unavailable).
Code code_from_http_status(int status);

// One invalid field: where it is and what is wrong with it.
struct FieldError {
  std::string pointer;  // JSON Pointer (RFC 6901) into the body, or "query.limit", "path.id", "header.if-match"
  std::string message;  // "must be at most 600"

  bool operator==(const FieldError&) const = default;
};

// Something that callers may want to know besides, in a form that both sides agree on: for gRPC a message of protobuf.
struct ErrorDetail {
  std::string type;     // the full name of the message: "shop.v1.OutOfStock"
  std::string content;  // the message, serialized

  bool operator==(const ErrorDetail&) const = default;
};

// What is thrown. Cheap to copy: the content is shared and immutable (exceptions are copied by the language). Counted
// by hand: <memory> would cost every source that sees this header a quarter of a second.
class Error : public std::exception {
 public:
  Error(Code code, std::string message);
  Error(Code code, std::string message, std::vector<FieldError> fields);
  // Keeps what led here; `cause` is an exception of any type (std::current_exception()).
  Error(Code code, std::string message, std::exception_ptr cause);

  Error(const Error& other) noexcept;
  Error& operator=(const Error& other) noexcept;
  ~Error() override;

  // resource_exhausted where what ran out is the service's own: memory, descriptors, threads, a pool, the disk. HTTP
  // status 503 (RFC 9110 section 15.6.4), for storage with_http_status(507) (RFC 4918 section 11.5): a failure of the
  // service, which is logged and counted as one. Error(Code::resource_exhausted, ...) tells a caller to ask for less.
  static Error exhausted(std::string message);

  // invalid_argument with the list of fields as its content.
  static Error invalid(std::vector<FieldError> fields);

  // The same error with a more exact HTTP status than its code's row gives: 405, 413, 415, 428 ... have no code of
  // their own.
  Error with_http_status(int status) const;
  // The same error with a message that is written for whoever called, whatever its code. Otherwise the message of an
  // error that is the service's own fault (a status of 500 and up: internal, unavailable ...) stays in the log.
  Error for_callers() const;
  // An error of the same code and HTTP status that says more, with this one as its cause. Who makes another Error of
  // the code alone loses the status: then 503 becomes 429.
  Error with_message(std::string message) const;
  // The same error with one detail more.
  Error with_detail(ErrorDetail detail) const;

  Code code() const noexcept;
  int http_status() const noexcept;
  bool is_for_callers() const noexcept;  // whether callers may read message(), fields() and details()
  const std::string& message() const noexcept;
  const std::vector<FieldError>& fields() const noexcept;
  const std::vector<ErrorDetail>& details() const noexcept;
  std::exception_ptr cause() const noexcept;
  // Where it was made, a line for each function, where its code is one that nobody plans for (internal, unknown,
  // data_loss); else "". For logs, never for callers.
  std::string stack() const;
  const char* what() const noexcept override;  // the message

 private:
  struct Content;
  struct Shared;
  explicit Error(Content content);

  Shared* shared_;
};

// A line for logs of any exception, with its causes: "unavailable: cannot open the pool: cannot connect
// to 10.0.0.7:5432".
std::string describe(std::exception_ptr exception);

}  // namespace marty
