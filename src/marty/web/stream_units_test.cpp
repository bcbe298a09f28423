// The objects of a request live as long as its streamed body, and succeed or fail with that.
#include "marty/web/internal/test_streams.hpp"

namespace marty::web {
namespace {

using http::internal::error_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Unit {
  std::vector<std::string>& journal;
};

class StreamsOfUnits : public internal::StreamsTest {
 protected:
  // Streams that use what belongs to the request: to the end, into a failure, or until the client goes.
  void build(App& app) {
    app.dependencies().per_request([this] { return Unit{journal}; },
                                   [](Unit& unit) { unit.journal.push_back("commit"); },
                                   [](Unit& unit) noexcept { unit.journal.push_back("roll back"); });
    app.get(
        "/whole",
        [](Unit& unit) {
          return stream("text/plain", [&unit](http::BodyWriter& out) {
            out.write("row");
            out.flush();
            unit.journal.push_back("written");
          });
        },
        "Whole");
    app.get(
        "/broken",
        [](Unit& unit) {
          return stream("text/plain", [&unit](http::BodyWriter& out) {
            out.write("row");
            out.flush();
            unit.journal.push_back("written");
            throw Error(Code::aborted, "no more");
          });
        },
        "Broken");
    app.get(
        "/endless",
        [](Unit& unit) {
          return events([&unit](EventWriter& out) {
            out.send({.data = "row"});
            unit.journal.push_back("written");
            runtime::sleep_for(1h);  // tidy:allow(sleep): virtual
          });
        },
        "Endless");
    app.get(
        "/raw",
        [](Unit& unit, http::Response& response) {
          auto body = stream("text/plain", [&unit](http::BodyWriter&) { unit.journal.push_back("written"); });
          response.set_stream(std::move(body.body));
        },
        "Raw");
  }
  std::vector<std::string> journal;
};
INSTANTIATE_TEST_SUITE_P(Versions, StreamsOfUnits, internal::kVersions, internal::version_name);

TEST_P(StreamsOfUnits, the_objects_of_the_request_live_and_succeed_with_the_body) {
  run([&](App& app) { build(app); },
      [&] {
        EXPECT_EQ(get("/whole").body, "row");
        EXPECT_THAT(journal, ElementsAre("written", "commit"));
        journal.clear();
        EXPECT_EQ(get("/raw").status, 200);
        EXPECT_THAT(journal, ElementsAre("written", "commit"));
        journal.clear();
        EXPECT_EQ(error_of([&] { get("/broken"); }).code(), Code::unavailable);
        EXPECT_THAT(journal, ElementsAre("written", "roll back"));
      });
}

TEST_P(StreamsOfUnits, head_runs_no_body) {
  run([&](App& app) { build(app); },
      [&] {
        const http::Reply reply = get("/whole", http::Method::head);
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.header("content-type"), "text/plain");
        EXPECT_EQ(reply.header("x-mmf-request-id").size(), 32u);
        EXPECT_THAT(journal, ElementsAre("commit"));
      });
}

TEST_P(StreamsOfUnits, a_client_that_goes_is_no_failure_of_the_service) {
  options.access_log = true;
  run([&](App& app) { build(app); },
      [&] {
        {
          const runtime::DeadlineScope patience(1s);
          EXPECT_EQ(error_of([&] { get("/endless"); }).code(), Code::deadline_exceeded);
        }
        while (journal.size() < 2) runtime::sleep_for(1ms);  // tidy:allow(sleep): virtual
        EXPECT_THAT(journal, ElementsAre("written", "roll back"));
        ASSERT_EQ(sink.lines().size(), 1u);
        EXPECT_THAT(sink.lines()[0], AllOf(HasSubstr("\"status\":499"), HasSubstr("\"bytes\":11")));
        EXPECT_EQ(count("mmf_requests_total", "/endless", "status", "499"), 1);
        EXPECT_EQ(count("mmf_errors_total", "/endless", "code", "cancelled"), 1);
        EXPECT_EQ(span_of("GET /endless").status, 0u);
      });
}

}  // namespace
}  // namespace marty::web
