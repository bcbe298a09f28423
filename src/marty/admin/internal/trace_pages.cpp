#include "marty/admin/internal/trace_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "marty/admin/internal/html.hpp"
#include "marty/base/error.hpp"

namespace marty::admin::internal {
namespace {

constexpr std::string_view kReasons[] = {"error", "slow", "slowest"};

double milliseconds_of(runtime::Duration duration) { return static_cast<double>(duration.count()) * 1e-6; }

TraceFacts facts_of(const Trace& trace) {
  return {.trace_id = telemetry::to_string(trace.id),
          .name = trace.name,
          .reason = trace.reason,
          .failed = trace.failed,
          .time = Timestamp(std::chrono::microseconds(trace.start / 1000)),
          .duration_ms = milliseconds_of(trace.duration),
          .spans = trace.span_count};
}

telemetry::TraceId parse_id(std::string_view digits) {
  telemetry::TraceId id;
  if (digits.size() == 32 && telemetry::read_hex(digits.data(), id.high) &&
      telemetry::read_hex(digits.data() + 16, id.low))
    return id;
  throw Error(Code::not_found, "a trace id has 32 hexadecimal digits, in lower case");
}

// Lines of the framework are JSON; whoever writes others to the sink has them shown as they are.
json::Value value_of(const std::string& line) {
  try {
    return json::Value::parse(line);
  } catch (const Error&) {
    return json::Value::object({{"message", line}});
  }
}

std::string target_of(const SpanDetails& span) {
  const std::string_view host = span.attribute("server.address"), port = span.attribute("server.port");
  if (!host.empty()) return std::string(host) + (port.empty() ? "" : ":" + std::string(port));
  for (const std::string_view name : {"db.system.name", "messaging.system", "peer.service"}) {
    if (const std::string_view value = span.attribute(name); !value.empty()) return std::string(value);
  }
  return {};
}

}  // namespace

TraceList traces(const Subject& subject, std::optional<TraceReason> reason) {
  TraceList list{subject.name, {}};
  for (const Trace& each : subject.traces.all()) {
    if (!reason || each.reason == kReasons[std::size_t(*reason)]) list.traces.push_back(facts_of(each));
  }
  std::ranges::stable_sort(list.traces, std::greater(), &TraceFacts::time);
  return list;
}

std::string to_html(const TraceList& list) {
  Html page("Traces", list.service);
  page.literal("<p>");
  page.literal("<a href=\"/traces\">All</a>");
  for (const std::string_view reason : kReasons) {
    page.literal(" · <a href=\"/traces?reason=");
    page.literal(reason);
    page.literal("\">");
    page.literal(reason);
    page.literal("</a>");
  }
  page.literal("</p>");
  page.note("The last requests that failed, were slow, or were the slowest of their route for a while.");
  page.table({"time", "what", "kept for", "took", "spans", "trace"});
  for (const TraceFacts& each : list.traces)
    page.row({text(format_timestamp(each.time)), code(each.name), badge(!each.failed, each.reason),
              milliseconds(each.duration_ms), number(each.spans), link("/traces/" + each.trace_id, each.trace_id)});
  page.end_table();
  return page.finish();
}

TraceView trace(const Subject& subject, std::string_view id) {
  const std::optional<Trace> found = subject.traces.find(parse_id(id));
  if (!found) throw Error(Code::not_found, "there is no trace " + std::string(id) + " here, or not any more");
  TraceView view{.service = subject.name,
                 .trace = facts_of(*found),
                 .spans_left_out = found->spans_left_out,
                 .spans = read_spans(found->spans, found->start),
                 .lines = {}};
  for (const std::string& line : subject.lines.of_trace(found->id)) view.lines.push_back(value_of(line));
  return view;
}

namespace {

void write_attributes(Html& page, const std::vector<SpanAttribute>& attributes) {
  for (const SpanAttribute& each : attributes) page.fact(each.name, long_code(each.value));
}

void write_details(Html& page, const SpanDetails& span) {
  page.table({});
  page.fact("span", code(span.span_id));
  page.fact("kind", code(span.kind));
  if (!span.status_message.empty()) page.fact("failed", {badge(false, span.status_message)});
  write_attributes(page, span.attributes);
  for (const SpanEvent& event : span.events) {
    page.fact(fmt::format("at {:.3f} ms", event.at_ms), code(event.name));
    write_attributes(page, event.attributes);
  }
  page.end_table();
}

// Where the span lies within the trace, as shares of its length.
void write_bar(Html& page, const SpanDetails& span, double whole_ms) {
  const double left = whole_ms > 0 ? std::clamp(span.start_ms / whole_ms, 0.0, 1.0) : 0;
  const double width = whole_ms > 0 ? std::clamp(span.duration_ms / whole_ms, 0.002, 1.0) : 1;
  page.literal(
      fmt::format("<svg aria-hidden=\"true\"><rect x=\"{:.3f}%\" width=\"{:.3f}%\" y=\"6\" height=\"10\" "
                  "rx=\"2\"/></svg>",
                  left * 100, width * 100));
}

void write_span(Html& page, const SpanDetails& span, double whole_ms, bool open) {
  page.literal(span.failed ? "<tr class=\"failed\"><td>" : "<tr><td>");
  page.literal(open ? "<details open><summary>" : "<details><summary>");
  for (int i = 0; i < std::min(span.depth, 20); ++i) page.literal("&emsp;");
  page.literal(span.failed ? "<span class=\"bad\">" : "<span>");
  page.escaped(span.name);
  page.literal("</span></summary>");
  write_details(page, span);
  page.literal("</details></td><td class=\"number\">");
  page.literal(milliseconds(span.duration_ms).html);
  page.literal("</td><td>");
  write_bar(page, span, whole_ms);
  page.literal("</td></tr>");
}

// Its stack stands in the line itself, and in the JSON of this page.
std::string exception_text(const json::Value& exception) {
  if (!exception["message"].is_string()) return {};
  return exception["message"].as_string();
}

// Members that all lines have, or that the page says already, are left out.
void write_line(Html& page, const json::Value& line) {
  constexpr std::string_view kSaid[] = {
      "timestamp", "level",          "logger", "message", "service", "version",    "environment",       "trace_id",
      "thread",    "correlation_id", "file",   "line",    "span_id", "request_id", "config_generation", "exception"};
  const auto said = [&](std::string_view name) {
    return line[name].is_string() ? std::string_view(line[name].as_string()) : std::string_view();
  };
  std::string rest = exception_text(line["exception"]);
  if (line.is_object()) {
    for (const auto& [name, value] : line.as_object()) {
      if (std::ranges::count(kSaid, name) > 0) continue;
      rest += (rest.empty() ? "" : " ") + name + "=" + (value.is_string() ? value.as_string() : value.to_string());
    }
  }
  const std::string_view level = said("level");
  Cell time = code(said("timestamp"));
  time.style = "code whole";
  page.row({time, badge(level != "error" && level != "warning", level), code(said("logger")), text(said("message")),
            long_code(rest)});
}

}  // namespace

std::string to_html(const TraceView& view) {
  Html page("Trace", view.service);
  page.table({});
  page.fact("What", code(view.trace.name));
  page.fact("Trace", code(view.trace.trace_id));
  page.fact("Time", text(format_timestamp(view.trace.time)));
  page.fact("Took", text(milliseconds(view.trace.duration_ms).html));
  page.fact("Kept for", badge(!view.trace.failed, view.trace.reason));
  page.end_table();
  double whole_ms = view.trace.duration_ms;
  for (const SpanDetails& span : view.spans) whole_ms = std::max(whole_ms, span.start_ms + span.duration_ms);
  page.heading("Spans");
  if (view.spans_left_out > 0) page.note(fmt::format("{} more were not kept.", view.spans_left_out));
  page.literal("<table class=\"spans\"><thead><tr><th>span</th><th>took</th><th>when</th></tr></thead>");
  const auto failed =
      std::find_if(view.spans.rbegin(), view.spans.rend(), [](const auto& span) { return span.failed; });
  for (const SpanDetails& span : view.spans)
    write_span(page, span, whole_ms, failed != view.spans.rend() && &span == &*failed);
  page.end_table();
  page.heading("Log lines");
  if (view.lines.empty()) page.note("There are none, or not any more.");
  page.table({"time", "level", "logger", "message", "fields"});
  for (const json::Value& line : view.lines) write_line(page, line);
  page.end_table();
  return page.finish();
}

Calls calls(const Subject& subject) {
  std::map<std::pair<std::string, std::string>, Call> found;
  for (const Trace& trace : subject.traces.all()) {
    for (const SpanDetails& span : read_spans(trace.spans, trace.start)) {
      const std::string to = span.kind == "client" || span.kind == "producer" ? target_of(span) : "";
      if (to.empty()) continue;
      Call& call = found[{span.kind, to}];
      call.kind = span.kind;
      call.to = to;
      ++call.calls;
      call.failed += span.failed ? 1 : 0;
      call.mean_ms += (span.duration_ms - call.mean_ms) / static_cast<double>(call.calls);
    }
  }
  Calls result{subject.name, {}};
  for (auto& [key, call] : found) result.calls.push_back(std::move(call));
  return result;
}

std::string to_html(const Calls& calls) {
  Html page("Calls", calls.service);
  page.note("What this service calls, as far as it is seen in the traces that are kept.");
  page.table({"kind", "to", "calls", "failed", "mean"});
  for (const Call& call : calls.calls)
    page.row({text(call.kind), code(call.to), number(call.calls), number(call.failed), milliseconds(call.mean_ms)});
  page.end_table();
  return page.finish();
}

}  // namespace marty::admin::internal
