// Route: what was registered – a method, a pattern, a handler and its documentation – and RouteBuilder, the chain that
// completes it.
//
//   app.post("/api/v1/pets", add_pet, "Add a pet").tag("pets").status(201).response(409, "the name is taken");
//
// A summary is an argument of the registration: there is no route without documentation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "marty/json/json.hpp"
#include "marty/web/handler.hpp"

namespace marty::web {

class Protocol;

// A reply other than the success that follows from the handler's result.
struct ResponseInfo {
  int status = 0;
  std::string when;                     // "the name is taken"
  const reflect::Type* type = nullptr;  // null: problem+json for 400 and up, else no body
};

// What a request has to fulfil, whichever way it comes.
struct Requirements {
  bool requires_caller = false;
  std::vector<std::string> permissions;  // all of them
  std::size_t max_body_bytes = 0;        // 0: the application's

  bool is_protected() const noexcept { return requires_caller || !permissions.empty(); }
};

struct Route : Requirements {
  http::Method method = http::Method::get;
  std::string pattern;
  std::vector<std::string> parameter_names;  // of the pattern, in order
  std::string summary;
  std::string description;
  std::vector<std::string> tags;
  std::string operation_id;  // unique; from method and pattern unless set
  int status = 0;            // of a success; 0: the handler's own
  bool deprecated = false;
  bool hidden = false;                   // not in the documentation
  bool has_sensitive_parameter = false;  // in the pattern: no log shows its value; known once the App has started
  std::optional<double> sampling;        // of the traces that begin here, this share; unset: the tracer's
  std::vector<ResponseInfo> responses;
  std::vector<std::string> media_types;  // of a success, for the documentation; none: the handler's own
  std::string request_example;           // JSON
  std::string response_example;          // JSON

  Protocol* protocol = nullptr;  // whose route it is; null: REST's
  std::unique_ptr<RouteHandler> handler;
  std::uint32_t index = 0;  // among the routes of its App

  int success_status() const noexcept { return status != 0 ? status : handler->result.status; }
  std::string name() const;  // "GET /pets/{id}"
};

// What App::get() and its kin return. Use it before App::start().
class RouteBuilder {
 public:
  explicit RouteBuilder(Route& route) : route_(&route) {}

  RouteBuilder& tag(std::string name) { return route_->tags.push_back(std::move(name)), *this; }
  RouteBuilder& description(std::string text) { return route_->description = std::move(text), *this; }  // CommonMark
  RouteBuilder& operation_id(std::string id) { return route_->operation_id = std::move(id), *this; }
  RouteBuilder& status(int success) { return route_->status = success, *this; }
  // Documents a media type of a result that decides it by itself: a Stream, a Blob, a FileReply, a raw response. Call
  // it for each of several.
  RouteBuilder& produces(std::string type) { return route_->media_types.push_back(std::move(type)), *this; }
  RouteBuilder& deprecated() { return route_->deprecated = true, *this; }
  RouteBuilder& belongs_to(Protocol& protocol) { return route_->protocol = &protocol, *this; }
  RouteBuilder& hidden() { return route_->hidden = true, *this; }
  // The share of the traces that begin here which is recorded, 0 to 1; a caller's decision stands.
  RouteBuilder& sampling(double ratio) { return route_->sampling = ratio, *this; }
  RouteBuilder& max_body(std::size_t bytes) { return route_->max_body_bytes = bytes, *this; }

  // Only for callers who are known (401), and who may do that (403).
  RouteBuilder& requires_authentication() { return route_->requires_caller = true, *this; }
  RouteBuilder& requires_permission(std::string permission) {
    route_->permissions.push_back(std::move(permission));
    return requires_authentication();
  }
  // All that another route for the same thing requires.
  RouteBuilder& requires_same_as(const Requirements& other) {
    static_cast<Requirements&>(*route_) = other;
    return *this;
  }

  // Documents a further reply: problem+json, or JSON of type T.
  RouteBuilder& response(int status, std::string when) {
    route_->responses.push_back({status, std::move(when), nullptr});
    return *this;
  }
  template <class T>
  RouteBuilder& response(int status, std::string when) {
    route_->responses.push_back({status, std::move(when), &reflect::type_of<T>()});
    return *this;
  }
  // Examples for the documentation: of the reply, of the body.
  template <class T>
  RouteBuilder& example(const T& reply) {
    route_->response_example = json::to_string(reply, json::View::response);
    return *this;
  }
  template <class T>
  RouteBuilder& request_example(const T& body) {
    route_->request_example = json::to_string(body, json::View::request);
    return *this;
  }

  const Route& route() const noexcept { return *route_; }

 private:
  Route* route_;
};

}  // namespace marty::web
