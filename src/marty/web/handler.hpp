// The adapters between a plain function and an Exchange: from the types of its parameters and its result follow what is
// read, what is injected, what is written – and what the documentation says. Users include app.hpp.
//
// Templates end here: everything below the calls into namespace internal is ordinary code over reflect::Type.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "marty/reflect/type_of.hpp"
#include "marty/web/exchange.hpp"
#include "marty/web/parameters.hpp"
#include "marty/web/results.hpp"
#include "marty/web/signature.hpp"

namespace marty::web {

struct FileReply;
class Multipart;

// One parameter that is read from the request.
struct ParameterInfo {
  In in;
  std::string name;            // empty: the fields of an object
  const reflect::Type* type;   // of File: null
  std::uint32_t position = 0;  // of a path parameter in the pattern
  bool optional = false;
};

// What a handler sends where it succeeds.
struct ResultInfo {
  int status = 204;
  const reflect::Type* type = nullptr;  // of a JSON body
  std::string_view media_type;          // empty: no body
  bool varies = false;                  // the media type is known only when it is sent
  std::string_view header;              // one that it always sets: "location"
  bool not_found = false;               // may be absent: 404
  bool raw = false;                     // the handler writes the response itself
};

// A handler with its types erased, and what is known of it.
class RouteHandler {
 public:
  virtual ~RouteHandler() = default;
  virtual void invoke(Exchange& exchange) = 0;
  virtual void bound() {}  // `sources` are resolved

  std::vector<ParameterInfo> parameters;
  std::vector<const TypeInfo*> needs;         // of dependencies, in order
  std::vector<Dependencies::Source> sources;  // the same, resolved at the start
  ResultInfo result;
  std::vector<std::string_view> query_names;  // all that are known; others are refused
  bool reads_query = false;
  bool takes_request = false;  // may read anything by itself
  bool takes_form = false;
  bool streams_form = false;  // by Multipart&
};

namespace internal {

// handler.cpp
void read_parameter(Exchange& exchange, const ParameterInfo& info, void* value);
void read_done(Exchange& exchange,
               const RouteHandler& handler);  // refuses unknown query parameters; throws what was found
void write_result(Exchange& exchange, int status, const reflect::Type& type, const void* value);
void write_text(Exchange& exchange, std::string&& content, std::string_view media_type);  // a literal
void write_blob(Exchange& exchange, Blob&& blob);
void write_nothing(Exchange& exchange, int status);
void write_headers(Exchange& exchange, const ResponseHeaders& headers);
void write_location(Exchange& exchange, std::string_view location);
void write_stream(Exchange& exchange, Stream stream);
void write_file(Exchange& exchange, FileReply& file);
int success_status(const Exchange& exchange);
[[noreturn]] void throw_not_found(const Exchange& exchange);

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// What goes on with the objects of the request after the handler has returned.
template <class T>
inline constexpr bool kIsStream = std::is_same_v<T, Stream> || std::is_same_v<T, std::optional<Stream>>;

template <class T>
constexpr const reflect::Type* described() {
  if constexpr (std::is_same_v<T, File> || std::is_same_v<T, std::optional<File>>) {
    return nullptr;
  } else {
    return &reflect::type_of<T>();
  }
}

// Read from the request: Path, Query, ... by value or const&.
template <class P>
struct ReadArgument {
  P value;
  static void describe(RouteHandler& handler) {
    using Value = typename P::Value;
    handler.parameters.push_back({P::kIn, std::string(P::kName), described<Value>(), 0, kIsOptional<Value>});
  }
  void read(Exchange& exchange, const RouteHandler& handler, std::size_t& next, std::size_t&) {
    read_parameter(exchange, handler.parameters[next++], &*value);
  }
  void inject(Exchange&, const RouteHandler&) {}
  P&& get() { return std::move(value); }
};

// A struct by value: the JSON body.
template <class T>
struct BodyArgument {
  T value{};
  static void describe(RouteHandler& handler) {
    handler.parameters.push_back({In::body, "", described<T>(), 0, kIsOptional<T>});
  }
  void read(Exchange& exchange, const RouteHandler& handler, std::size_t& next, std::size_t&) {
    read_parameter(exchange, handler.parameters[next++], &value);
  }
  void inject(Exchange&, const RouteHandler&) {}
  T&& get() { return std::move(value); }
};

// A dependency, by reference.
template <class T>
struct InjectedArgument {
  std::size_t index = 0;
  T* object = nullptr;
  static void describe(RouteHandler& handler) {
    using Plain = std::remove_const_t<T>;
    handler.needs.push_back(&type_info<Plain>());
    if constexpr (std::is_same_v<Plain, http::Request> || std::is_same_v<Plain, Exchange>) handler.takes_request = true;
    if constexpr (std::is_same_v<T, http::Response>) handler.result.raw = true;
    if constexpr (std::is_same_v<T, Multipart>) handler.takes_form = handler.streams_form = true;
  }
  void read(Exchange&, const RouteHandler&, std::size_t&, std::size_t& next_need) { index = next_need++; }
  void inject(Exchange& exchange, const RouteHandler& handler) {
    object = static_cast<T*>(exchange.scope().get(handler.sources[index]));
  }
  T& get() { return *object; }
};

// What a request holds many of: its type alone does not say which one is meant.
template <class T>
inline constexpr bool kNeedsPlace =
    !std::is_class_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;

template <class P>
constexpr auto argument_for() {
  using Plain = std::remove_cvref_t<P>;
  static_assert(
      !kNeedsPlace<Plain>,
      "say where the parameter comes from: Path<int>, Query<int, \"limit\">, HeaderValue<\"name\">, or take a "
      "dependency by reference");
  if constexpr (ParameterType<Plain>) {
    static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                  "take Path, Query, Body and the like by value");
    return std::type_identity<ReadArgument<Plain>>();
  } else if constexpr (std::is_lvalue_reference_v<P>) {
    return std::type_identity<InjectedArgument<std::remove_reference_t<P>>>();
  } else {
    return std::type_identity<BodyArgument<Plain>>();
  }
}
template <class P>
using Argument = typename decltype(argument_for<P>())::type;

// How results are written and described; the default is JSON.
template <class R>
struct Result {
  static void describe(ResultInfo& info) { info = {200, &reflect::type_of<R>(), "application/json"}; }
  static void write(Exchange& exchange, const R& value) {
    write_result(exchange, success_status(exchange), reflect::type_of<R>(), &value);
  }
};
template <class T>
struct Result<std::optional<T>> {
  static void describe(ResultInfo& info) {
    Result<T>::describe(info);
    info.not_found = true;
  }
  static void write(Exchange& exchange, std::optional<T> value) {
    if (!value) throw_not_found(exchange);
    Result<T>::write(exchange, std::move(*value));
  }
};
template <class T>
struct Result<Created<T>> {
  static void describe(ResultInfo& info) {
    info = {201, &reflect::type_of<T>(), "application/json", false, "location"};
  }
  static void write(Exchange& exchange, const Created<T>& created) {
    write_location(exchange, created.location);
    write_result(exchange, success_status(exchange), reflect::type_of<T>(), &created.value);
  }
};
template <class T>
struct Result<Reply<T>> {
  static void describe(ResultInfo& info) { Result<T>::describe(info); }
  static void write(Exchange& exchange, const Reply<T>& reply) {
    write_headers(exchange, reply.headers);
    write_result(exchange, reply.status != 0 ? reply.status : success_status(exchange), reflect::type_of<T>(),
                 &reply.value);
  }
};
template <>
struct Result<Reply<void>> {
  static void describe(ResultInfo& info) { info = {204}; }
  static void write(Exchange& exchange, const Reply<void>& reply) {
    write_headers(exchange, reply.headers);
    write_nothing(exchange, reply.status != 0 ? reply.status : success_status(exchange));
  }
};
template <>
struct Result<PlainText> {
  static constexpr std::string_view kMediaType = "text/plain; charset=utf-8";
  static void describe(ResultInfo& info) { info = {200, nullptr, kMediaType}; }
  static void write(Exchange& exchange, PlainText&& text) { write_text(exchange, std::move(text.content), kMediaType); }
};
template <>
struct Result<Html> {
  static constexpr std::string_view kMediaType = "text/html; charset=utf-8";
  static void describe(ResultInfo& info) { info = {200, nullptr, kMediaType}; }
  static void write(Exchange& exchange, Html&& html) { write_text(exchange, std::move(html.content), kMediaType); }
};
template <>
struct Result<Blob> {
  static void describe(ResultInfo& info) {
    info = {.status = 200, .media_type = "application/octet-stream", .varies = true};
  }
  static void write(Exchange& exchange, Blob&& blob) { write_blob(exchange, std::move(blob)); }
};
template <>
struct Result<Stream> {
  static void describe(ResultInfo& info) {
    info = {.status = 200, .media_type = "application/octet-stream", .varies = true};
  }
  static void write(Exchange& exchange, Stream result) { write_stream(exchange, std::move(result)); }
};
template <std::same_as<FileReply> T>
struct Result<T> {
  static void describe(ResultInfo& info) {
    info = {.status = 200, .media_type = "application/octet-stream", .varies = true};
  }
  static void write(Exchange& exchange, T result) { write_file(exchange, result); }
};

template <class Function, class R, class Parameters>
class TypedHandler;

template <class Function, class R, class... P>
class TypedHandler<Function, R, TypeList<P...>> final : public RouteHandler {
  static_assert(!std::is_pointer_v<R> && !std::is_same_v<R, std::string_view>,
                "a handler returns a value: a std::optional for what may be absent, PlainText for a text");

 public:
  explicit TypedHandler(Function function) : function_(std::move(function)) {
    (Argument<P>::describe(*this), ...);
    if constexpr (!std::is_void_v<R>) Result<R>::describe(result);
  }

  void invoke(Exchange& exchange) override { invoke(exchange, std::index_sequence_for<P...>()); }

 private:
  template <std::size_t... I>
  void invoke(Exchange& exchange, std::index_sequence<I...>) {
    std::tuple<Argument<P>...> arguments;
    [[maybe_unused]] std::size_t parameter = 0;
    [[maybe_unused]] std::size_t need = 0;
    (std::get<I>(arguments).read(exchange, *this, parameter, need), ...);
    read_done(exchange, *this);
    (std::get<I>(arguments).inject(exchange, *this), ...);
    if constexpr (std::is_void_v<R>) {
      function_(std::get<I>(arguments).get()...);
      exchange.settle();
      if (!result.raw) write_nothing(exchange, success_status(exchange));
    } else if constexpr (kIsStream<R>) {
      Result<R>::write(exchange, function_(std::get<I>(arguments).get()...));
      exchange.settle();
    } else {
      R value = function_(std::get<I>(arguments).get()...);
      exchange.settle();
      Result<R>::write(exchange, std::move(value));
    }
  }

  Function function_;
};

}  // namespace internal

template <class Function>
std::unique_ptr<RouteHandler> make_handler(Function function) {
  using Plain = std::decay_t<Function>;
  static_assert(Callable<Plain>,
                "a handler is a function, or an object with exactly one operator() that is not a template");
  using S = Signature<Plain>;
  using R = std::remove_cvref_t<typename S::Result>;
  return std::make_unique<internal::TypedHandler<Plain, R, typename S::Parameters>>(std::move(function));
}

}  // namespace marty::web
