#include "marty/http/internal/answer.hpp"

#include "marty/base/error.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/http/internal/problem.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

void answer(LoopServer& server, RequestPlace& place, Request& request, Response& response) {
  const RequestPlace::Hold hold(place);
  if (!hold) {
    set_problem(response, 503, Code::unavailable, "too many requests are in flight; try again");
    response.add_header("retry-after", "1");
    return;
  }
  try {
    server.handler().handle(request, response);
    if (!response.begun() && (response.status < 200 || response.status > 999)) {
      set_problem(response, 500, Code::internal, "the handler answered with a status that is none of HTTP");
    }
  } catch (...) {
    answer_exception(response);
  }
}

void answer_exception(Response& response) {
  if (response.begun()) return response.fail();
  try {
    throw;
  } catch (const Error& error) {
    if (runtime::cancelled()) {
      set_problem(response, 503, Code::unavailable, "the server has ended the request; try again");
    } else {
      set_problem(response, error.http_status(), error.code(), error.message());
    }
  } catch (...) {
    set_problem(response, 500, Code::internal, "");
  }
}

}  // namespace marty::http::internal
