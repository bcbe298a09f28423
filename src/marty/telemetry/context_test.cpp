#include "marty/telemetry/context.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace marty::telemetry {
namespace {

struct Header {
  std::string_view name;
  std::string_view value;
};
using Headers = std::vector<Header>;

constexpr std::string_view kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Context receive(const Headers& headers, Peer peer = Peer::untrusted) {
  Context context;
  context.begin(headers, peer);
  return context;
}

std::map<std::string, std::string> injected(const Context& context, Identity identity = Identity::forward) {
  std::map<std::string, std::string> headers;
  context.inject([&](std::string_view name, std::string_view value) { headers[std::string(name)] = value; }, identity);
  return headers;
}

TEST(Context, without_headers_starts_a_trace_and_names_it) {
  const Context context = receive({{"Host", "example.org"}, {"Accept", "*/*"}, {"x", "y"}, {"", ""}});
  EXPECT_TRUE(context.trace_id.valid());
  EXPECT_TRUE(context.span_id.valid());
  EXPECT_FALSE(context.parent_span_id.valid());
  EXPECT_TRUE(context.sampled);
  EXPECT_EQ(context.correlation_id.view(), to_string(context.trace_id));
  EXPECT_EQ(context.request_id.view().size(), 32u);
  EXPECT_NE(context.request_id, context.correlation_id);
}

TEST(Context, continues_the_trace_of_its_caller_with_a_span_of_its_own) {
  const Context context =
      receive({{"TraceParent", kTraceparent}, {"tracestate", "a=1"}, {"tracestate", "b=2"}, {"Baggage", "k=v"}});
  EXPECT_EQ(to_string(context.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(to_string(context.parent_span_id), "00f067aa0ba902b7");
  EXPECT_NE(context.span_id, context.parent_span_id);
  EXPECT_EQ(context.tracestate, "a=1,b=2");
  EXPECT_EQ(context.baggage, "k=v");
}

TEST(Context, drops_tracestate_without_a_valid_traceparent_or_when_malformed) {
  EXPECT_EQ(receive({{"tracestate", "a=1"}}).tracestate, "");
  EXPECT_EQ(receive({{"traceparent", "00-nonsense"}, {"tracestate", "a=1"}}).tracestate, "");
  const Context context = receive({{"traceparent", kTraceparent}, {"tracestate", "a=1"}, {"tracestate", "B"}});
  EXPECT_EQ(context.tracestate, "");
  EXPECT_EQ(to_string(context.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(Context, believes_neither_of_two_traceparents) {
  const Context context = receive({{"traceparent", kTraceparent}, {"traceparent", kTraceparent}});
  EXPECT_NE(to_string(context.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_TRUE(context.trace_id.valid());
}

TEST(Context, prefers_w3c_over_b3_and_the_single_b3_header_over_many) {
  const Headers many = {
      {"X-B3-TraceId", "463ac35c9f6413ad48485a3953bb6124"}, {"X-B3-SpanId", "a2fb4a1d1a96d312"}, {"X-B3-Sampled", "0"}};
  Headers headers = many;
  EXPECT_EQ(to_string(receive(headers).trace_id), "463ac35c9f6413ad48485a3953bb6124");
  EXPECT_EQ(to_string(receive(headers).parent_span_id), "a2fb4a1d1a96d312");
  EXPECT_FALSE(receive(headers).sampled);
  headers.push_back({"b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"});
  EXPECT_EQ(to_string(receive(headers).trace_id), "80f198ee56343ba864fe8b2a57d3eff7");
  EXPECT_TRUE(receive(headers).sampled);
  headers.push_back({"traceparent", kTraceparent});
  EXPECT_EQ(to_string(receive(headers).trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(Context, takes_a_b3_decision_without_ids_into_its_new_trace) {
  EXPECT_FALSE(receive({{"b3", "0"}}).sampled);
  EXPECT_FALSE(receive({{"x-b3-sampled", "0"}}).sampled);
  EXPECT_TRUE(receive({{"x-b3-sampled", "0"}, {"x-b3-flags", "1"}}).sampled);
  EXPECT_TRUE(receive({{"b3", "0"}}).trace_id.valid());
}

TEST(Context, takes_the_dimensions_that_a_stranger_may_give) {
  const Context context = receive({{"X-MMF-Correlation-ID", "order-7"},
                                   {"x-mmf-request-id", "r1"},
                                   {"x-mmf-user-id", "mallory"},
                                   {"x-mmf-session-id", "s1"},
                                   {"x-mmf-operation-id", "checkout"},
                                   {"x-mmf-plugin-id", "tax"}});
  EXPECT_EQ(context.correlation_id, "order-7");
  EXPECT_EQ(context.request_id, "r1");
  EXPECT_EQ(context.operation, "checkout");
  EXPECT_EQ(context.plugin_id, "tax");
  EXPECT_TRUE(context.user_id.empty()) << "identity is for trusted peers";
  EXPECT_TRUE(context.session_id.empty());
}

TEST(Context, takes_identity_from_a_trusted_peer) {
  const Context context = receive({{"x-mmf-user-id", "kim"}, {"x-mmf-session-id", "s1"}}, Peer::trusted);
  EXPECT_EQ(context.user_id, "kim");
  EXPECT_EQ(context.session_id, "s1");
}

TEST(Context, accepts_the_common_correlation_header_but_prefers_our_own) {
  EXPECT_EQ(receive({{"X-Correlation-ID", "common"}}).correlation_id, "common");
  EXPECT_EQ(receive({{"X-Correlation-ID", "common"}, {"x-mmf-correlation-id", "own"}}).correlation_id, "own");
  EXPECT_EQ(receive({{"x-mmf-correlation-id", "own"}, {"X-Correlation-ID", "common"}}).correlation_id, "own");
}

TEST(Context, replaces_ids_that_could_inject_or_are_too_long) {
  const std::string too_long(129, 'x');
  for (const std::string_view bad : {std::string_view("a\r\nset-cookie: b"), std::string_view("caf\xC3\xA9"),
                                     std::string_view(too_long), std::string_view()}) {
    const Context context =
        receive({{"x-mmf-correlation-id", bad}, {"x-mmf-request-id", bad}, {"x-mmf-operation-id", bad}});
    EXPECT_EQ(context.correlation_id.view(), to_string(context.trace_id));
    EXPECT_EQ(context.request_id.view().size(), 32u);
    EXPECT_TRUE(context.operation.empty());
  }
}

TEST(Context, starts_over_without_anything_of_the_request_before) {
  Context context = receive({{"traceparent", kTraceparent},
                             {"tracestate", "a=1"},
                             {"baggage", "k=v"},
                             {"x-mmf-user-id", "kim"},
                             {"x-mmf-operation-id", "o"}},
                            Peer::trusted);
  const TraceId before = context.trace_id;
  context.begin(Headers(), Peer::trusted);
  EXPECT_NE(context.trace_id, before);
  EXPECT_FALSE(context.parent_span_id.valid());
  EXPECT_EQ(context.tracestate + context.baggage, "");
  EXPECT_TRUE(context.user_id.empty() && context.operation.empty());
  EXPECT_EQ(context.correlation_id.view(), to_string(context.trace_id));
}

using Echo = std::vector<std::pair<std::string, std::string>>;
Echo echo_of(const Context& context) {
  Echo echoed;
  context.echo([&](std::string_view name, std::string_view value) { echoed.emplace_back(name, value); });
  return echoed;
}

TEST(Context, echoes_the_request_id_beside_a_correlation_id_that_others_may_share) {
  for (const Headers& headers : {Headers{{"x-mmf-correlation-id", "order-7"}}, Headers{{"traceparent", kTraceparent}},
                                 Headers{{"x-mmf-request-id", "r1"}}}) {
    const Context context = receive(headers);
    EXPECT_EQ(echo_of(context), (Echo{{"x-mmf-correlation-id", std::string(context.correlation_id.view())},
                                      {"x-mmf-request-id", std::string(context.request_id.view())}}));
  }
}

TEST(Context, echoes_a_correlation_id_of_its_own_alone) {
  const Context context = receive({});
  EXPECT_EQ(echo_of(context), (Echo{{"x-mmf-correlation-id", to_string(context.trace_id)}}));
}

TEST(Context, hands_itself_on_as_the_parent_with_a_new_request_id) {
  const Context context = receive({{"traceparent", kTraceparent},
                                   {"tracestate", "a=1"},
                                   {"baggage", "k=v"},
                                   {"x-mmf-user-id", "kim"},
                                   {"x-mmf-operation-id", "o"}},
                                  Peer::trusted);
  auto headers = injected(context);
  EXPECT_TRUE(headers["traceparent"].starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  EXPECT_EQ(headers["tracestate"], "a=1");
  EXPECT_EQ(headers["baggage"], "k=v");
  EXPECT_EQ(headers["x-mmf-correlation-id"], context.correlation_id.view());
  EXPECT_EQ(headers["x-mmf-user-id"], "kim");
  EXPECT_EQ(headers["x-mmf-operation-id"], "o");
  EXPECT_EQ(headers["x-mmf-request-id"].size(), 32u);
  EXPECT_NE(headers["x-mmf-request-id"], context.request_id.view());
  EXPECT_FALSE(headers.contains("x-mmf-session-id")) << "what is empty is not sent";
  for (const char* name : {"x-mmf-user-id", "x-mmf-session-id", "baggage"})
    EXPECT_FALSE(injected(context, Identity::omit).contains(name)) << name;
}

TEST(Context, gives_each_call_a_parent_of_its_own_where_no_span_is_recorded) {
  Context context = receive({});
  EXPECT_NE(receive({{"traceparent", injected(context)["traceparent"]}}).parent_span_id,
            receive({{"traceparent", injected(context)["traceparent"]}}).parent_span_id);
  context.in_span = true;
  EXPECT_EQ(receive({{"traceparent", injected(context)["traceparent"]}}).parent_span_id, context.span_id);
}

std::vector<std::string_view> rejections(const Headers& headers, Peer peer = Peer::untrusted) {
  std::vector<std::string_view> names;
  const Context context = receive(headers, peer);
  for (std::size_t i = 0; i < kRejections.size(); ++i) {
    if ((context.rejected >> i & 1) != 0) names.push_back(kRejections[i]);
  }
  return names;
}

TEST(Context, tells_what_it_did_not_take) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(rejections({{"traceparent", kTraceparent}, {"tracestate", "a=1"}, {"baggage", "k=v,,l=w"}, {"b3", "0"}}),
            Names());
  EXPECT_EQ(rejections({{"traceparent", "00-nonsense"}}), Names{"traceparent"});
  EXPECT_EQ(rejections({{"traceparent", kTraceparent}, {"traceparent", kTraceparent}}), Names{"traceparent"});
  EXPECT_EQ(rejections({{"traceparent", kTraceparent}, {"tracestate", "B"}}), Names{"tracestate"});
  EXPECT_EQ(rejections({{"baggage", "k=v,nonsense"}}), Names{"baggage"});
  EXPECT_EQ(rejections({{"b3", "x"}}), Names{"b3"});
  EXPECT_EQ(rejections({{"x-b3-traceid", "x"}, {"x-b3-spanid", "00f067aa0ba902b7"}}), Names{"b3"});
  EXPECT_EQ(rejections({{"x-mmf-correlation-id", "a\nb"}}), Names{"id"});
  EXPECT_EQ(rejections({{"x-mmf-operation-id", std::string(129, 'x')}}), Names{"id"});
  EXPECT_EQ(rejections({{"x-mmf-user-id", "kim"}}), Names{"untrusted_identity"});
  EXPECT_EQ(rejections({{"x-mmf-user-id", "kim"}, {"x-mmf-session-id", "s"}}, Peer::trusted), Names());
  EXPECT_EQ(rejections({{"x-mmf-session-id", "\t"}}, Peer::trusted), Names{"id"});
}

TEST(Context, three_services_in_a_row_share_correlation_and_trace_but_no_request_id) {
  const Context first = receive({{"x-mmf-correlation-id", "order-7"}});
  const auto hop = [](const Context& caller) {
    Headers headers;
    const auto sent = injected(caller);
    for (const auto& [name, value] : sent) headers.push_back({name, value});
    return receive(headers, Peer::trusted);
  };
  const Context second = hop(first);
  const Context third = hop(second);
  EXPECT_EQ(third.correlation_id, "order-7");
  EXPECT_EQ(third.trace_id, first.trace_id);
  EXPECT_NE(first.request_id, second.request_id);
  EXPECT_NE(second.request_id, third.request_id);
}

TEST(Current, is_empty_where_nobody_began_a_context) {
  EXPECT_FALSE(current().trace_id.valid());
  EXPECT_TRUE(current().correlation_id.empty());
}

TEST(Current, is_the_context_of_the_innermost_scope) {
  Context outer, inner;
  outer.begin();
  inner.begin();
  {
    const ContextScope outer_scope(outer);
    EXPECT_EQ(&current(), &outer);
    {
      const ContextScope inner_scope(inner);
      EXPECT_EQ(&current(), &inner);
    }
    EXPECT_EQ(&current(), &outer);
  }
  EXPECT_FALSE(current().trace_id.valid());
}

TEST(WithCorrelation, sets_all_six_dimensions_and_restores_them) {
  Context context = receive({{"x-mmf-correlation-id", "order-7"}, {"x-mmf-operation-id", "before"}});
  const ContextScope scope(context);
  {
    const auto correlation = with_correlation({.correlation_id = "c",
                                               .request_id = "r",
                                               .user_id = "u",
                                               .session_id = "s",
                                               .operation = "o",
                                               .plugin_id = std::string("p")});
    EXPECT_EQ(current().correlation_id, "c");
    EXPECT_EQ(current().request_id, "r");
    EXPECT_EQ(current().user_id, "u");
    EXPECT_EQ(current().session_id, "s");
    EXPECT_EQ(current().operation, "o");
    EXPECT_EQ(current().plugin_id, "p");
    EXPECT_EQ(current().trace_id, context.trace_id);
    const auto inner = with_correlation({.user_id = "", .operation = "inner"});
    EXPECT_EQ(current().operation, "inner");
    EXPECT_EQ(current().correlation_id, "c") << "what is not named stays";
    EXPECT_TRUE(current().user_id.empty()) << "an empty text clears";
  }
  EXPECT_EQ(current().correlation_id, "order-7");
  EXPECT_EQ(current().operation, "before");
  EXPECT_TRUE(current().user_id.empty());
}

TEST(WithCorrelation, restores_when_an_exception_passes) {
  Context context = receive({{"x-mmf-operation-id", "before"}});
  const ContextScope scope(context);
  EXPECT_THROW(
      {
        const auto correlation = with_correlation({.operation = "charge"});
        throw std::runtime_error("no");
      },
      std::runtime_error);
  EXPECT_EQ(current().operation, "before");
}

TEST(WithCorrelation, begins_a_trace_outside_of_requests) {
  const auto correlation = with_correlation({.operation = "nightly"});
  EXPECT_TRUE(current().trace_id.valid());
  EXPECT_EQ(current().operation, "nightly");
}

}  // namespace
}  // namespace marty::telemetry
