// What surrounds a call is what surrounds a request of REST: filters, permissions, dependencies, the caller, the
// deadline, and correlation across services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "marty/grpc/internal/test_server.hpp"
#include "marty/http/client.hpp"
#include "marty/telemetry/internal/test_spans.hpp"
#include "marty/telemetry/log.hpp"
#include "marty/telemetry/metrics.hpp"
#include "marty/tls/internal/test_support.hpp"
#include "route.marty.hpp"

namespace marty::grpc {
namespace {

using internal::error_of;
using internal::run_in;
using internal::TestServer;
using internal::WorldKind;
using route::v1::Point;
using route::v1::Route;
using route::v1::Summary;
using route::v1::Task;
using namespace std::chrono_literals;

Point echo(const Point& request) { return request; }

template <class Function>
void in_simulation(Function&& test) {
  run_in(WorldKind::simulated, test);
}

// A filter that knows one caller.
void authenticate(web::App& app) {
  app.filter(web::Phase::authentication, "token", [](http::Request& request, http::Response&, web::Next next) {
    if (request.header("authorization") == "Bearer ada") {
      next.exchange().set_caller({.id = "ada", .permissions = {"point:*:read"}});
    }
    next();
  });
}

TEST(LifeOfACall, the_filters_of_rest_stand_around_it) {
  in_simulation([] {
    std::vector<std::string> seen;
    TestServer server([&](web::App& app) {
      app.filter("watch", [&](http::Request& request, http::Response&, web::Next next) {
        seen.push_back(std::string(request.path()));
        next();
        seen.push_back("done");
      });
      add(app, Route{.echo = echo});
    });
    Route::Client(*server.channel).echo(Point());
    EXPECT_THAT(seen, testing::ElementsAre("/route.v1.Route/Echo", "done"));
  });
}

TEST(LifeOfACall, a_filter_may_refuse_it) {
  in_simulation([] {
    TestServer server([&](web::App& app) {
      app.filter("closed", [](http::Request&, http::Response&, web::Next) {
        throw Error(Code::resource_exhausted, "too many of those");
      });
      add(app, Route{.echo = echo});
    });
    const Error error = error_of([&] { Route::Client(*server.channel).echo(Point()); });
    EXPECT_EQ(error.code(), Code::resource_exhausted);
    EXPECT_EQ(error.message(), "too many of those");
  });
}

TEST(LifeOfACall, what_the_server_has_run_out_of_is_told_without_its_words_and_is_no_fault_of_the_callers_caller) {
  in_simulation([] {
    TestServer server([&](web::App& app) {
      app.filter("full", [](http::Request&, http::Response&, web::Next) {
        throw Error::exhausted("the disk of db-7 is full").with_http_status(507);
      });
      add(app, Route{.echo = echo});
    });
    const Error error = error_of([&] { Route::Client(*server.channel).echo(Point()); });
    EXPECT_EQ(error.code(), Code::resource_exhausted);
    EXPECT_THAT(error.message(), testing::Not(testing::HasSubstr("db-7")));
    EXPECT_EQ(error.http_status(), 503) << "429 would tell a caller of ours to send less";
  });
}

TEST(LifeOfACall, permissions_are_checked) {
  in_simulation([] {
    TestServer server([&](web::App& app) {
      authenticate(app);
      auto api = add(app, Route{.echo = echo, .do_ = [](const Task&, const web::Caller& caller) {
                                  if (caller.id != "ada") throw Error(Code::internal, "who is that");
                                }});
      api.requires_authentication().method("Echo").requires_permission("point:7:write");
      EXPECT_EQ(error_of([&] { api.method("Nothing"); }).code(), Code::invalid_argument);
    });
    Route::Client client(*server.channel);
    EXPECT_EQ(error_of([&] { client.do_(Task()); }).code(), Code::unauthenticated);
    const CallOptions as_ada{.metadata = {{"authorization", "Bearer ada"}}};
    client.do_(Task(), as_ada);
    EXPECT_EQ(error_of([&] { client.echo(Point(), as_ada); }).code(), Code::permission_denied);
  });
}

TEST(LifeOfACall, metadata_and_dependencies_are_parameters) {
  in_simulation([] {
    struct Counter {
      int calls = 0;
    };
    TestServer server([&](web::App& app) {
      app.provide([] { return std::make_unique<Counter>(); });
      add(app, Route{.echo = [](const Point& request, Counter& counter, web::HeaderValue<"x-step", int> step) {
            Point point = request;
            point.set_x(counter.calls += *step);
            return point;
          }});
    });
    Route::Client client(*server.channel);
    const CallOptions two{.metadata = {{"x-step", "2"}}};
    client.echo(Point(), two);
    EXPECT_EQ(client.echo(Point(), two).x(), 4);
    EXPECT_EQ(error_of([&] {
                client.echo(Point(), {.metadata = {{"x-step", "far"}}});
              }).code(),
              Code::invalid_argument);
    EXPECT_EQ(error_of([&] { client.echo(Point()); }).code(), Code::invalid_argument);
  });
}

TEST(LifeOfACall, an_empty_optional_is_not_found) {
  in_simulation([] {
    TestServer server([&](web::App& app) {
      add(app, Route{.echo = [](const Point& request) -> std::optional<Point> {
            if (request.x() == 0) return std::nullopt;
            return request;
          }});
    });
    Route::Client client(*server.channel);
    EXPECT_EQ(error_of([&] { client.echo(Point()); }).code(), Code::not_found);
    Point there;
    there.set_x(1);
    EXPECT_EQ(client.echo(there).x(), 1);
  });
}

// A service in front of another one, which tells what arrived there.
struct Chain {
  struct Arrival {
    std::string correlation_id;
    std::string trace_id;
    std::string user_id;
    runtime::Duration left{};
  };

  explicit Chain(ChannelOptions options = {})
      : back(
            [this](web::App& app) {
              add(app, Route{.echo =
                                 [this](const Point& request) {
                                   arrived();
                                   return request;
                                 },
                             .list = [this](const Task&, Writer<Point>&) { arrived(); },
                             .record =
                                 [this](Reader<Point>&) {
                                   arrived();
                                   return Summary();
                                 },
                             .chat = [this](Reader<Point>&, Writer<Point>&) { arrived(); }});
            },
            {}, options),
        front([this](web::App& app) {
          add(app, Route{.echo = [this](const Point& request) { return Route::Client(*back.channel).echo(request); },
                         .list =
                             [this](const Task& request, Writer<Point>&) {
                               Point each;
                               Route::Client(*back.channel).list(request).read(each);
                             },
                         .record = [this](Reader<Point>&) { return Route::Client(*back.channel).record().finish(); },
                         .chat =
                             [this](Reader<Point>&, Writer<Point>&) {
                               auto talk = Route::Client(*back.channel).chat();
                               talk.finish_writing();
                               Point each;
                               talk.read(each);
                             }});
        }) {}

  void arrived() {
    const telemetry::Context& context = telemetry::current();
    arrivals.push_back({std::string(context.correlation_id.view()), telemetry::to_string(context.trace_id),
                        std::string(context.user_id.view()), runtime::deadline() - runtime::now()});
  }

  std::vector<Arrival> arrivals;
  TestServer back;
  TestServer front;
};

TEST(LifeOfACall, correlation_travels_with_every_kind_of_call) {
  in_simulation([] {
    Chain chain;
    Route::Client client(*chain.front.channel);
    const CallOptions options{.metadata = {{"x-mmf-correlation-id", "order-7"},
                                           {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}};
    client.echo(Point(), options);
    Point each;
    client.list(Task(), options).read(each);
    client.record(options).finish();
    auto talk = client.chat(options);
    talk.finish_writing();
    talk.read(each);
    ASSERT_EQ(chain.arrivals.size(), 4u);
    for (const Chain::Arrival& arrival : chain.arrivals) {
      EXPECT_EQ(arrival.correlation_id, "order-7");
      EXPECT_EQ(arrival.trace_id, "0af7651916cd43dd8448eb211c80319c");
    }
  });
}

TEST(LifeOfACall, a_stream_that_fails_has_lines_and_a_span_of_its_trace_and_is_counted) {
  in_simulation([] {
    telemetry::RecordingSink sink;
    telemetry::Logging logging({}, sink);
    telemetry::Metrics metrics;
    telemetry::Tracer tracer;
    tracer.record(true);
    TestServer server([&](web::App& app) {
      app.options().logging = &logging;
      app.options().metrics = &metrics;
      app.options().tracer = &tracer;
      add(app, Route{.list = [](const Task&, Writer<Point>& points) {
            points.write(Point());
            points.flush();
            log::info("in the stream");
            runtime::sleep_for(2s);  // tidy:allow(sleep): virtual
            throw Error(Code::data_loss, "the disk is full");
          }});
    });
    const CallOptions options{.metadata = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}};
    Point each;
    auto stream = Route::Client(*server.channel).list(Task(), options);
    EXPECT_TRUE(stream.read(each));
    EXPECT_EQ(metrics.value("mmf_requests_in_flight"), 1);
    EXPECT_EQ(error_of([&] { stream.read(each); }).code(), Code::data_loss);
    const std::vector<std::string> lines = sink.lines();
    ASSERT_EQ(lines.size(), 2u);
    for (const std::string& line : lines) EXPECT_THAT(line, testing::HasSubstr("0af7651916cd43dd8448eb211c80319c"));
    EXPECT_THAT(lines[1], testing::HasSubstr("the disk is full"));
    EXPECT_EQ(metrics.value("mmf_errors_total",
                            {{"service", "marty"}, {"route", "/route.v1.Route/List"}, {"code", "data_loss"}}),
              1);
    const auto spans = telemetry::internal::collect_all(tracer);
    const auto span = std::ranges::find(spans, "route.v1.Route/List", &telemetry::internal::ReadSpan::name);
    ASSERT_NE(span, spans.end());
    EXPECT_EQ(span->status, 2u);
    EXPECT_GE(span->end - span->start, 2'000'000'000u);
  });
}

TEST(LifeOfACall, the_deadline_travels_on_and_only_shrinks) {
  in_simulation([] {
    Chain chain;
    Route::Client(*chain.front.channel).echo(Point(), {.timeout = 2s});
    EXPECT_LE(chain.arrivals.at(0).left, 2s);
    EXPECT_GT(chain.arrivals.at(0).left, 1s);
    Route::Client(*chain.front.channel).list(Task());  // a stream has none of its own
  });
}

TEST(LifeOfACall, a_stream_may_say_nothing_for_hours) {
  in_simulation([] {
    TestServer server([](web::App& app) {
      add(app, Route{.chat = [](Reader<Point>& points, Writer<Point>& replies) {
            for (const Point& each : points) replies.write(each);
          }});
    });
    auto talk = Route::Client(*server.channel).chat();
    Point reply;
    for (int i = 0; i < 3; ++i) {
      talk.write(Point());
      ASSERT_TRUE(talk.read(reply));
      runtime::sleep_for(3h);  // tidy:allow(sleep): virtual
    }
    talk.finish_writing();
    EXPECT_FALSE(talk.read(reply));
  });
}

TEST(LifeOfACall, the_certificate_of_the_other_side_is_the_caller) {
  in_simulation([] {
    const tls::internal::TestPki pki;
    const tls::CertificateFiles server_files = pki.issue_server(), client_files = pki.issue_client();
    tls::ServerContext server_tls({.certificates = {server_files},
                                   .client_certificates = tls::ClientCertificates::required,
                                   .client_ca = pki.ca,
                                   .alpn = {"h2"}});
    web::App app;
    add(app, Route{.echo = [](const Point&, const web::Caller& caller) {
          Point point;
          point.set_name(caller.id + " " + (caller.certificate ? caller.certificate->subject : "?"));
          return point;
        }});
    app.start();
    http::Server server(app, {.address = runtime::Address::ip("127.0.0.1", 0), .tls = &server_tls});
    server.start();
    const std::string target = "localhost:" + std::to_string(server.address().port());

    const tls::ClientContext known({.ca = pki.ca, .certificate = client_files});
    Channel channel(target, {.tls = &known});
    EXPECT_EQ(Route::Client(channel).echo(Point()).name(), "spiffe://test.example/client CN=client");

    const tls::ClientContext stranger({.ca = pki.ca});
    Channel refused(target, {.tls = &stranger});
    EXPECT_EQ(error_of([&] { Route::Client(refused).echo(Point()); }).code(), Code::unavailable);

    const tls::ClientContext wary;  // trusts what the system trusts
    Channel distrusts(target, {.tls = &wary});
    const Error distrusted = error_of([&] { Route::Client(distrusts).echo(Point()); });
    EXPECT_EQ(distrusted.code(), Code::unavailable);
    EXPECT_THAT(distrusted.message(), testing::HasSubstr("certificate"));
  });
}

}  // namespace
}  // namespace marty::grpc
