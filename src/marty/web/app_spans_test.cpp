// The spans of requests.
#include <gtest/gtest.h>

#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/span.hpp"
#include "marty/web/internal/test_pets.hpp"

namespace marty::web {
namespace {

using namespace internal;  // NOLINT: tests only
using telemetry::internal::ReadSpan;

class AppSpans : public PetsTest {
 protected:
  AppSpans() {
    tracer.record(true);
    app.options().tracer = &tracer;
  }
  const ReadSpan& only_span() {
    spans = telemetry::internal::collect_all(tracer);
    EXPECT_EQ(spans.size(), 1u);
    return spans.at(0);
  }
  telemetry::Tracer tracer;
  std::vector<ReadSpan> spans;
};

TEST_F(AppSpans, tell_what_was_asked_and_answered) {
  app.get("/pets/{id}", get_pet, "A pet");
  app.start();
  pets.add("Rex");
  get(app, "/pets/1?token=1&all",
      {{"user-agent", "curl/8"}, {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  const ReadSpan& span = only_span();
  EXPECT_EQ(span.name, "GET /pets/{id}");
  EXPECT_EQ(span.kind, 2u);
  EXPECT_EQ(span.status, 0u);
  EXPECT_EQ(span.parent_span_id, std::string("\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8));
  EXPECT_EQ(span.attributes.at("http.request.method"), "GET");
  EXPECT_EQ(span.attributes.at("http.route"), "/pets/{id}");
  EXPECT_EQ(span.attributes.at("url.scheme"), "http");
  EXPECT_EQ(span.attributes.at("url.path"), "/pets/1");
  EXPECT_EQ(span.attributes.at("url.query"), "token=[redacted]&all");
  EXPECT_EQ(span.attributes.at("network.protocol.version"), "1.1");
  EXPECT_EQ(span.attributes.at("user_agent.original"), "curl/8");
  EXPECT_EQ(span.attributes.at("http.response.status_code"), "200");
}

TEST_F(AppSpans, and_lines_show_no_parameter_with_a_sensitive_name) {
  telemetry::RecordingSink sink;
  telemetry::Logging logging({}, sink);
  app.options().logging = &logging;
  app.options().access_log = true;
  const auto fail = [](Path<std::string>, Path<std::string>) -> Pet { throw Error(Code::unavailable, "down"); };
  app.get("/users/{name}/reset/{token}/now", fail, "Reset a password");
  app.get("/pets/{id}", get_pet, "A pet");
  app.start();
  pets.add("Rex");
  get(app, "/users/ann/reset/hunter2/now");
  const ReadSpan& span = only_span();
  EXPECT_EQ(span.attributes.at("url.path"), "/users/ann/reset/[redacted]/now");
  ASSERT_EQ(sink.lines().size(), 2u) << "of the failure, and of the access";
  for (const std::string& line : sink.lines()) {
    EXPECT_NE(line.find("/users/ann/reset/[redacted]/now"), std::string::npos) << line;
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  }
  get(app, "/pets/1");
  EXPECT_EQ(only_span().attributes.at("url.path"), "/pets/1");
}

TEST_F(AppSpans, fail_where_the_service_does_and_not_where_the_caller_does) {
  app.get(
      "/broken", []() -> Pet { throw std::runtime_error("boom"); }, "Fails");
  app.get(
      "/refused", []() -> Pet { throw Error(Code::not_found, "no such pet"); }, "Refuses");
  app.get(
      "/odd", [](http::Request&, http::Response& response) { response.status = 503; }, "Answers");
  app.start();
  for (const char* path : {"/broken", "/refused", "/odd"}) get(app, path);
  spans = telemetry::internal::collect_all(tracer);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].status, 2u);
  EXPECT_EQ(spans[0].status_message, "boom");
  EXPECT_EQ(spans[0].attributes.at("error.type"), "internal");
  EXPECT_EQ(spans[0].attributes.at("http.response.status_code"), "500");
  EXPECT_EQ(spans[1].status, 0u);
  EXPECT_EQ(spans[1].attributes.at("http.response.status_code"), "404");
  EXPECT_EQ(spans[2].status, 2u);
  EXPECT_EQ(spans[2].attributes.at("error.type"), "503");
}

TEST_F(AppSpans, of_unknown_paths_have_the_methods_name) {
  app.start();
  get(app, "/nothing/here");
  const ReadSpan& span = only_span();
  EXPECT_EQ(span.name, "GET");
  EXPECT_EQ(span.attributes.count("http.route"), 0u);
  EXPECT_EQ(span.attributes.at("http.response.status_code"), "404");
  EXPECT_EQ(span.status, 0u);
}

TEST_F(AppSpans, hold_the_steps_where_asked_for) {
  app.options().trace_steps = true;
  app.filter(Phase::user, "tenant", [](http::Request&, http::Response&, Next next) { next(); });
  app.get("/pets", list_pets, "List pets").operation_id("list_pets");
  app.start();
  get(app, "/pets");
  spans = telemetry::internal::collect_all(tracer);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].name, "handler list_pets");
  EXPECT_EQ(spans[1].name, "filter tenant");
  EXPECT_EQ(spans[0].parent_span_id, spans[1].span_id);
  EXPECT_EQ(spans[1].parent_span_id, spans[2].span_id);
}

TEST_F(AppSpans, of_a_route_that_is_not_sampled_are_kept_where_it_fails) {
  app.get(
         "/probe",
         [](http::Request& request, http::Response&) {
           if (request.query() == "fails") throw Error(Code::unavailable, "down");
         },
         "Probe")
      .sampling(0);
  app.start();
  get(app, "/probe");
  get(app, "/probe?fails");
  const ReadSpan& span = only_span();
  EXPECT_EQ(span.attributes.at("mmf.sampling_reason"), "error");
  EXPECT_EQ(span.attributes.at("error.type"), "unavailable");
  EXPECT_EQ(span.status_message, "down");
}

}  // namespace
}  // namespace marty::web
