// What generated code (protoc-gen-marty) builds a service of: a struct with one slot a method, which takes any plain
// function.
//
//   Pet get_pet(const v1::GetPetRequest& request, Pets& pets);                 // messages, and dependencies by type
//   void watch_pets(const v1::WatchRequest& request, grpc::Writer<v1::Pet>& updates);
//   std::optional<petstore::Pet> find_pet(Path<PetId> id, Pets& pets);         // the very function that REST has
//
//   service.grpc(v1::PetStore{.get_pet = find_pet, .watch_pets = watch_pets}).tag("pets");
//
// A function over messages takes its request as const Request&, Reader<Request>& and Writer<Response>& where the method
// streams, and besides any of: Call&, const Caller&, HeaderValue, Cookie, dependencies. A unary one returns the
// response, or a std::optional of it: nothing is NOT_FOUND. A function that knows no messages is one of plain structs:
// the fields of the request fill its parameters by name, its result fills the response; what does not fit is refused
// when the service is built. A method without a function answers UNIMPLEMENTED.
//
// protobuf's own log, which is one for the whole program, says only what ends the process: its complaints about what
// callers send are errors here.
//
// What a function throws becomes the status of the call, by the one table of codes; an Error's fields become google.rpc
// details. Filters, permissions, transactions, metrics and correlation are those of REST.
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

#include "marty/grpc/call.hpp"
#include "marty/grpc/method.hpp"
#include "marty/grpc/stream.hpp"
#include "marty/web/app.hpp"

namespace google::protobuf {
class Empty;
class Message;
}  // namespace google::protobuf

namespace marty::grpc {

struct ApiOptions {
  std::size_t max_message_bytes = 4 << 20;  // that a caller may send; more is RESOURCE_EXHAUSTED
  bool error_details = true;  // send what an error says beside its message as google.rpc details: see detail.hpp
  bool compression = false;  // gzip for messages of 1 KiB and more, to callers that take it; Call::compress() overrules
};

// What grpc() of a service or of an application returns. Use it before the start.
class ApiBuilder {
 public:
  ApiBuilder(std::vector<web::RouteBuilder> routes, std::vector<std::string_view> names)
      : routes_(std::move(routes)), names_(std::move(names)) {}

  // All methods.
  ApiBuilder& tag(const std::string& name);
  ApiBuilder& hidden();  // not in the OpenAPI document, where unary methods are those of the Connect protocol
  ApiBuilder& sampling(double ratio);  // see RouteBuilder
  ApiBuilder& requires_authentication();
  ApiBuilder& requires_permission(const std::string& permission);
  // One of them, by its name in the .proto. Throws invalid_argument where there is none.
  web::RouteBuilder& method(std::string_view name);

 private:
  std::vector<web::RouteBuilder> routes_;
  std::vector<std::string_view> names_;
};

namespace internal {

// A call as a method sees it, whatever the protocol it came by.
class CallDriver {
 public:
  virtual void read_unary(google::protobuf::Message& request) = 0;          // of a unary request
  virtual void write_unary(const google::protobuf::Message& response) = 0;  // of a unary response
  virtual void finish() = 0;                                                // all went well
  virtual MessageSource& source() noexcept = 0;
  virtual MessageSink& sink() noexcept = 0;
  virtual Call& call() noexcept = 0;

 protected:
  ~CallDriver() = default;
};

class MethodHandler;

// The handler of a route that leads to a method.
class HandlesMethod : public web::RouteHandler {
 public:
  virtual const MethodHandler& handled_method() const noexcept = 0;
};

// One method of an application, with its types erased.
class MethodHandler : public HandlesMethod {
 public:
  MethodHandler(const google::protobuf::Message& request_type, const google::protobuf::Message& response_type)
      : request(request_type), response(response_type) {}
  void invoke(web::Exchange& exchange) override;
  const MethodHandler& handled_method() const noexcept final { return *this; }
  // For the documentation: what has to hold of the request besides its types, as a JSON Schema; null: nothing.
  virtual json::Value rules_of_request() const;

  const google::protobuf::Message& request;  // prototypes
  const google::protobuf::Message& response;
  Method method;
  ApiOptions options;

 protected:
  virtual void run(web::Exchange& exchange, CallDriver& driver) = 0;
};

// A function of plain structs as a method: api.cpp. Throws Error(invalid_argument) where the types do not fit.
std::unique_ptr<MethodHandler> make_mapped_method(std::unique_ptr<web::RouteHandler> function,
                                                  const google::protobuf::Message& request,
                                                  const google::protobuf::Message& response);

// What a parameter of a function over messages is filled from.
template <class Request, class Response>
struct Parts {
  const Request* request = nullptr;
  Reader<Request>* reader = nullptr;
  Writer<Response>* writer = nullptr;
  Call* call = nullptr;
};

template <class T, auto Member>
struct PartArgument {
  static void describe(web::RouteHandler&) {}
  void read(web::Exchange&, const web::RouteHandler&, std::size_t&, std::size_t&) {}
  void inject(web::Exchange&, const web::RouteHandler&) {}
  template <class P>
  T& get(const P& parts) {
    return *(parts.*Member);
  }
};

// Any other one, as in a function of REST.
template <class A>
struct WebArgument : A {
  template <class P>
  decltype(auto) get(const P&) {
    return A::get();
  }
};

template <class T>
inline constexpr bool kIsMetadata = false;
template <web::ParameterType T>
inline constexpr bool kIsMetadata<T> = T::kIn == web::In::header || T::kIn == web::In::cookie;

template <class P, class Request, class Response>
constexpr auto method_argument() {
  using Plain = std::remove_cvref_t<P>;
  using All = Parts<Request, Response>;
  constexpr bool kMutable = std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;
  if constexpr (std::is_same_v<Plain, Request>) {
    static_assert(!kMutable, "take the request as const Request&");
    return std::type_identity<PartArgument<const Request, &All::request>>();
  } else if constexpr (std::is_same_v<Plain, Reader<Request>>) {
    static_assert(kMutable, "take the reader as Reader<Request>&");
    return std::type_identity<PartArgument<Reader<Request>, &All::reader>>();
  } else if constexpr (std::is_same_v<Plain, Writer<Response>>) {
    static_assert(kMutable, "take the writer as Writer<Response>&");
    return std::type_identity<PartArgument<Writer<Response>, &All::writer>>();
  } else if constexpr (std::is_same_v<Plain, Call>) {
    return std::type_identity<PartArgument<std::remove_reference_t<P>, &All::call>>();
  } else {
    static_assert(kIsMetadata<Plain> || std::is_lvalue_reference_v<P>,
                  "a function over messages takes const Request&, Reader<Request>&, Writer<Response>&, Call&, "
                  "HeaderValue, Cookie and dependencies by reference");
    return std::type_identity<WebArgument<web::internal::Argument<P>>>();
  }
}
template <class P, class Request, class Response>
using MethodArgument = typename decltype(method_argument<P, Request, Response>())::type;

template <class Function, class Request, class Response, MethodKind Kind, class Parameters>
class FunctionMethod;

template <class Function, class Request, class Response, MethodKind Kind, class... P>
class FunctionMethod<Function, Request, Response, Kind, web::TypeList<P...>> final : public MethodHandler {
  static constexpr bool kStreamsIn = Kind == MethodKind::client_streaming || Kind == MethodKind::bidi_streaming;
  static constexpr bool kStreamsOut = Kind == MethodKind::server_streaming || Kind == MethodKind::bidi_streaming;
  using Result = std::remove_cvref_t<typename web::Signature<Function>::Result>;
  static_assert((std::is_same_v<std::remove_cvref_t<P>, Reader<Request>> || ...) == kStreamsIn,
                "Reader<Request>& belongs to a method whose request is a stream, and nowhere else");
  static_assert((std::is_same_v<std::remove_cvref_t<P>, Writer<Response>> || ...) == kStreamsOut,
                "Writer<Response>& belongs to a method whose response is a stream, and nowhere else");
  static_assert(kStreamsOut ? std::is_void_v<Result>
                            : std::is_same_v<Result, Response> || std::is_same_v<Result, std::optional<Response>> ||
                                  (std::is_void_v<Result> && std::is_same_v<Response, google::protobuf::Empty>),
                "a function over messages returns the method's response; nothing where that is a stream");

 public:
  explicit FunctionMethod(Function function)
      : MethodHandler(Request::default_instance(), Response::default_instance()), function_(std::move(function)) {
    (MethodArgument<P, Request, Response>::describe(*this), ...);
  }

 private:
  void run(web::Exchange& exchange, CallDriver& driver) override {
    if constexpr (kStreamsIn) {
      Reader<Request> reader(driver.source());
      answer(exchange, driver, {.reader = &reader});
    } else {
      Request message;
      driver.read_unary(message);
      answer(exchange, driver, {.request = &message});
    }
  }
  void answer(web::Exchange& exchange, CallDriver& driver, Parts<Request, Response> parts) {
    Writer<Response> writer(driver.sink());
    parts.writer = &writer;
    parts.call = &driver.call();
    call(exchange, driver, parts, std::index_sequence_for<P...>());
  }
  template <std::size_t... I>
  void call(web::Exchange& exchange, CallDriver& driver, const Parts<Request, Response>& parts,
            std::index_sequence<I...>) {
    std::tuple<MethodArgument<P, Request, Response>...> arguments;
    [[maybe_unused]] std::size_t parameter = 0;
    [[maybe_unused]] std::size_t need = 0;
    (std::get<I>(arguments).read(exchange, *this, parameter, need), ...);
    exchange.throw_problems();
    (std::get<I>(arguments).inject(exchange, *this), ...);
    if constexpr (std::is_void_v<Result>) {
      function_(std::get<I>(arguments).get(parts)...);
      exchange.scope().succeed();
      if constexpr (!kStreamsOut) driver.write_unary(Response::default_instance());
    } else {
      const Result value = function_(std::get<I>(arguments).get(parts)...);
      exchange.scope().succeed();
      if constexpr (std::is_same_v<Result, Response>) {
        driver.write_unary(value);
      } else {
        if (!value) web::internal::throw_not_found(exchange);
        driver.write_unary(*value);
      }
    }
    driver.finish();
  }

  Function function_;
};

// Whether a function deals in messages, or in plain structs.
template <class Request, class Response, class Result, class... P>
constexpr bool deals_in_messages(std::type_identity<Result>, web::TypeList<P...>) {
  const auto is_part = []<class T>(std::type_identity<T>) {
    return std::is_same_v<T, Request> || std::is_same_v<T, Reader<Request>> || std::is_same_v<T, Writer<Response>> ||
           std::is_same_v<T, Call>;
  };
  return (is_part(std::type_identity<std::remove_cvref_t<P>>()) || ...) || std::is_same_v<Result, Response> ||
         std::is_same_v<Result, std::optional<Response>>;
}

template <class Request, class Response, MethodKind Kind, class Function>
std::unique_ptr<MethodHandler> make_method(Function function) {
  using S = web::Signature<Function>;
  using Result = std::remove_cvref_t<typename S::Result>;
  constexpr bool kMessages =
      deals_in_messages<Request, Response>(std::type_identity<Result>(), typename S::Parameters());
  static_assert(
      kMessages || Kind == MethodKind::unary,
      "a streaming method takes Reader<Request>& and Writer<Response>&: only unary ones map to plain structs");
  if constexpr (kMessages) {
    return std::make_unique<FunctionMethod<Function, Request, Response, Kind, typename S::Parameters>>(
        std::move(function));
  } else {
    return make_mapped_method(web::make_handler(std::move(function)), Request::default_instance(),
                              Response::default_instance());
  }
}

}  // namespace internal

// A slot for the function behind one method.
template <class Request, class Response, MethodKind Kind>
class MethodSlot {
 public:
  MethodSlot() = default;
  template <class Function>
  requires web::Callable<std::decay_t<Function>> MethodSlot(Function function)
      : handler_(internal::make_method<Request, Response, Kind, std::decay_t<Function>>(std::move(function))) {}

  std::unique_ptr<internal::MethodHandler> take() noexcept { return std::move(handler_); }

 private:
  std::unique_ptr<internal::MethodHandler> handler_;
};

template <class Request, class Response>
using Unary = MethodSlot<Request, Response, MethodKind::unary>;
template <class Request, class Response>
using ServerStreaming = MethodSlot<Request, Response, MethodKind::server_streaming>;
template <class Request, class Response>
using ClientStreaming = MethodSlot<Request, Response, MethodKind::client_streaming>;
template <class Request, class Response>
using BidiStreaming = MethodSlot<Request, Response, MethodKind::bidi_streaming>;

namespace internal {
// The methods of a service in the order of its .proto; null: not implemented.
ApiBuilder add_api(web::App& app, std::string_view service,
                   std::vector<std::pair<Method, std::unique_ptr<MethodHandler>>> methods, const ApiOptions& options);
}  // namespace internal

// Puts a generated service's methods onto an application: what Service::grpc() does. Throws Error: already_exists where
// the service is there already, and what the slots' functions are refused for.
template <class Api>
ApiBuilder add(web::App& app, Api api, const ApiOptions& options = {}) {
  std::vector<std::pair<Method, std::unique_ptr<internal::MethodHandler>>> methods;
  api.for_each_method([&](const Method& method, auto& slot) { methods.emplace_back(method, slot.take()); });
  return internal::add_api(app, Api::kName, std::move(methods), options);
}

}  // namespace marty::grpc
