// Protocol: what an application speaks besides REST, on routes of its own: gRPC is one. Routes of a protocol go through
// the same filters to the same kinds of handlers; the protocol says how their errors look, and stands around all of it.
//
//   class Echo final : public Protocol { ... };
//   app.add_protocol(std::make_unique<Echo>());
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "marty/base/error.hpp"
#include "marty/json/schema.hpp"
#include "marty/web/filter.hpp"

namespace marty::web {

struct Route;

class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual std::string_view name() const noexcept = 0;  // "grpc"; an application has one of each

  // When the application starts, before anything is checked: the last moment to add routes.
  virtual void complete(App& app) = 0;
  // Around the filters and the handler of one of its routes, inside the edge filters.
  virtual void run(Exchange& exchange, const Next& next) = 0;
  // Whether a request without a route belongs to it all the same.
  virtual bool claims(const http::Request& request) const noexcept = 0;
  // The reply to an error, in place of problem+json. Where the response has begun, its end.
  virtual void write_error(Exchange& exchange, const Error& error) = 0;
  // Its calls in the conventions of OpenTelemetry: the systems that they may be of (rpc.system.name), the number of
  // that of a request, and what it calls a status (rpc.response.status_code).
  virtual std::span<const std::string_view> systems() const noexcept = 0;
  virtual std::size_t system_of(const http::Request& request) const noexcept = 0;
  virtual std::string status_name(std::size_t system, Code code) const = 0;
  // What a route of its own reads and answers, for the OpenAPI document: "requestBody" and "responses" of the
  // operation.
  virtual void describe(const Route& route, json::Schemas& schemas, json::Value& operation) const = 0;
};

// Where a typed handler's parameters come from and where its result goes, where that is a message of a protocol instead
// of the HTTP request itself.
class Transcoder {
 public:
  // Fills *value, or reports to exchange.problems().
  virtual void read(Exchange& exchange, const ParameterInfo& info, void* value) = 0;
  virtual void write(Exchange& exchange, const reflect::Type& type, const void* value) = 0;
  virtual void write_nothing(Exchange& exchange) = 0;

 protected:
  ~Transcoder() = default;
};

}  // namespace marty::web
