#include "marty/web/problem.hpp"

#include <new>

#include "marty/json/json.hpp"
#include "marty/telemetry/context.hpp"
#include "marty/web/exchange.hpp"

namespace marty::web {
namespace {

// What a client may know of an error of ours.
std::string_view server_detail(Code code) {
  switch (code) {
    case Code::unavailable:
    case Code::aborted:
    case Code::resource_exhausted:
      return "The service cannot do this at the moment; try again later.";
    case Code::deadline_exceeded:
      return "This took longer than it may; try again later.";
    default:
      return "Something went wrong on our side; quote the correlation_id when you report it.";
  }
}

// The type and its title go together (RFC 9457 section 3.1.3): a status that is more exact than the code's is a problem
// of no type of ours, whose title is the status phrase (section 4.2.1).
void name_kind(const Error& error, Problem& problem) {
  const CodeInfo& info = code_info(error.code());
  const std::string_view phrase = http::reason_phrase(error.http_status());
  const bool is_own = info.http_status == error.http_status() || phrase.empty();
  problem.type = is_own ? "urn:marty:problem:" + std::string(info.name) : "about:blank";
  problem.title = is_own ? info.title : phrase;
}

}  // namespace

Error as_error(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::exhausted("out of memory: the process may have no more, or asked for too much at once");
  } catch (const std::exception& error) {
    return Error(Code::internal, error.what());
  } catch (...) {
    return Error(Code::internal, "an exception that is not a std::exception");
  }
}

std::string_view caller_message(const Error& error) {
  return error.is_for_callers() ? std::string_view(error.message()) : server_detail(error.code());
}

Problem make_problem(const Error& error) {
  const CodeInfo& info = code_info(error.code());
  Problem problem{
      .status = error.http_status(), .detail = std::string(caller_message(error)), .code = std::string(info.name)};
  name_kind(error, problem);
  if (!error.is_for_callers()) return problem;
  for (const FieldError& field : error.fields()) problem.errors.push_back({field.pointer, field.message});
  return problem;
}

void write_problem(Exchange& exchange, const Error& error) {
  Problem problem = make_problem(error);
  problem.instance = exchange.request().path();
  problem.correlation_id = exchange.context().correlation_id.view();
  write_problem(exchange.response(), problem);
}

void write_problem(http::Response& response, const Problem& problem) {
  for (const char* name : {"cache-control", "content-disposition", "content-encoding", "content-language", "etag",
                           "last-modified", "location"}) {
    response.remove_header(name);
  }
  if (problem.status != 416) response.remove_header("content-range");
  response.set_stream(nullptr);
  response.status = problem.status;
  if (problem.status == 503 && response.header("retry-after").empty()) response.set_header("retry-after", "1");
  std::string text = json::to_string(problem);
  response.set_body(text, kProblemMediaType);
}

}  // namespace marty::web
