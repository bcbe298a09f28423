#include "marty/http/internal/answer.hpp"

#include "marty/base/error.hpp"
#include "marty/http/internal/loop_server.hpp"
#include "marty/http/internal/problem.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::http::internal {

namespace {

// A request's place among those in flight.
class Admission {
 public:
  explicit Admission(LoopServer& server) : server_(server), admitted_(server.enter()) {}
  ~Admission() {
    if (admitted_) server_.leave();
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  bool admitted() const noexcept { return admitted_; }

 private:
  LoopServer& server_;
  const bool admitted_;
};

}  // namespace

void answer(LoopServer& server, Request& request, Response& response) {
  const Admission admission(server);
  if (!admission.admitted()) {
    set_problem(response, 503, Code::unavailable, "too many requests are in flight; try again");
    response.add_header("retry-after", "1");
    return;
  }
  try {
    server.handler().handle(request, response);
    if (!response.begun() && (response.status < 200 || response.status > 999)) {
      response.set_stream(nullptr);
      return set_problem(response, 500, Code::internal, "the handler answered with a status that is none of HTTP");
    }
    write_stream(request, response);
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
      set_problem(response, 503, Code::unavailable, "the server is shutting down");
    } else {
      set_problem(response, error.http_status(), error.code(), error.message());
    }
  } catch (...) {
    set_problem(response, 500, Code::internal, "");
  }
}

}  // namespace marty::http::internal
