// Problems: every error as application/problem+json (RFC 9457), in one shape.
//
//   {"type": "urn:marty:problem:invalid_argument", "title": "Invalid request", "status": 400,
//    "detail": "2 fields are invalid: ...", "instance": "/api/v1/pets", "code": "invalid_argument",
//    "correlation_id": "4bf9...", "errors": [{"pointer": "/name", "message": "is required"},
//                                            {"pointer": "query.limit", "message": "must be at most 100"}]}
//
// Pointers: JSON Pointers (RFC 6901) into the body; "path.id", "query.limit", "header.if-match", "cookie.session",
// "form.name". From 500 on the detail is a general sentence: what() stays in the log, beside the correlation id, unless
// the error is for_callers().
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/http/message.hpp"

namespace marty::web {

class Exchange;

struct ProblemField {
  std::string pointer;
  std::string message;
};

// The content of the reply, and the schema "Problem" of the documentation.
struct Problem {
  std::string type;
  std::string title;
  int status = 0;
  std::string detail;
  std::string instance;
  std::string code;
  std::string correlation_id;
  std::vector<ProblemField> errors;
};

// Any exception as an Error: std::bad_alloc becomes an exhausted() one, others internal, with what() as the message.
Error as_error(const std::exception_ptr& exception);

// What a caller may read of it: its message where it is_for_callers(), else a general sentence.
std::string_view caller_message(const Error& error);

Problem make_problem(const Error& error);

// The problem of this request: with its path and its correlation id.
void write_problem(Exchange& exchange, const Error& error);
// Puts it in place of whatever the response holds: body, stream and the headers that described them; other headers
// stay. A status of 503 has a Retry-After (RFC 9110 section 10.2.3).
void write_problem(http::Response& response, const Problem& problem);

inline constexpr std::string_view kProblemMediaType = "application/problem+json";

}  // namespace marty::web
