#include "marty/http/internal/answer.hpp"

#include <new>

#include "marty/base/error.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/http/internal/problem.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

namespace {

constexpr ParseError kTooManyRequests{503, Code::unavailable, "too many requests are in flight; try again"};

// `reply` is the handler's work.
template <class Function>
void make(Request& request, Response& response, Function&& reply) {
  try {
    reply();
    if (!response.begun() && (response.status < 200 || response.status > 999)) {
      response.set_stream(nullptr);
      return set_problem(response, 500, Code::internal, "the handler answered with a status that is none of HTTP");
    }
    write_stream(request, response);
  } catch (...) {
    answer_exception(response);
  }
}

}  // namespace

void answer(LoopServer& server, RequestPlace& place, Request& request, Response& response) {
  const RequestPlace::Hold hold(place);
  if (hold) return make(request, response, [&] { server.handler().handle(request, response); });
  refuse(server, request, response, kTooManyRequests);
  if (!response.begun()) response.set_header("retry-after", "1");
}

void refuse(LoopServer& server, Request& request, Response& response, const ParseError& error) {
  make(request, response, [&] {
    const Error refusal = Error(error.code, std::string(error.detail)).with_http_status(error.status).for_callers();
    server.handler().refuse(request, response, refusal);
  });
}

void answer_exception(Response& response) {
  if (response.begun()) return response.fail();
  try {
    throw;
  } catch (const Error& error) {
    if (runtime::cancelled()) {
      set_problem(response, 503, Code::unavailable, "the server has ended the request; try again");
    } else {
      const bool is_told = error.is_for_callers();
      set_problem(response, error.http_status(), error.code(), is_told ? std::string_view(error.message()) : "");
    }
  } catch (const std::bad_alloc&) {
    set_problem(response, 503, Code::resource_exhausted, "");
  } catch (...) {
    set_problem(response, 500, Code::internal, "");
  }
  if (response.status == 503) response.add_header("retry-after", "1");  // RFC 9110 section 10.2.3
}

}  // namespace marty::http::internal
