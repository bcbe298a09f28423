// What a handler may return besides a plain value (200 with JSON), nothing (204) or a std::optional (404 where it is
// empty).
//
//   PlainText hello() { return {"Hello"}; }
//   Created<Pet> add_pet(NewPet pet, Pets& pets) { ... return {added, "/api/v1/pets/" + added.id}; }
//   Reply<Pet> get_pet(Path<PetId> id, Pets& pets) { ... return {.headers = {{"etag", tag}}, .value = pet}; }
//   Stream export_pets(Pets& pets, Transaction& transaction) {
//     return stream("text/csv", [&](http::BodyWriter& out) { pets.write_csv(transaction, out); });
//   }
//
// A handler that takes http::Response& and returns nothing has written the response itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"

namespace marty::web {

using ResponseHeaders = std::vector<std::pair<std::string, std::string>>;

// 201 with JSON and a Location header.
template <class T>
struct Created {
  T value;
  std::string location;
};

// Any status and headers, with JSON: application/json unless a header says otherwise. Documented as the route's
// status() and produces(); further ones by response().
template <class T>
struct Reply {
  int status = 0;  // 0: the route's
  ResponseHeaders headers;
  T value;
};
// ... without a body: redirects, 202, 304.
template <>
struct Reply<void> {
  int status = 0;
  ResponseHeaders headers;
};

struct PlainText {
  std::string content;
};
struct Html {
  std::string content;
};
// Blob of another type.
struct Blob {
  std::string content;
  std::string content_type = "application/octet-stream";
};

// A body that is produced while it is sent, after the handler and all filters have returned, and still within the
// request: what was handed to the handler by reference lives until its end, a Transaction commits when the body was
// written whole and rolls back where it throws or the client goes; lines, calls and the failure are the request's.
// What the handler itself owns – its parameters by value, its variables – has to be moved or copied into it.
struct Stream {
  std::unique_ptr<http::BodyStream> body;
  std::string content_type = "application/octet-stream";
};

namespace internal {
template <class Function>
class FunctionStream final : public http::BodyStream {
 public:
  explicit FunctionStream(Function function) : function_(std::move(function)) {}
  void write_to(http::BodyWriter& writer) override { function_(writer); }

 private:
  Function function_;
};
}  // namespace internal

// A Stream from a function that takes http::BodyWriter&.
template <class Function>
Stream stream(std::string content_type, Function function) {
  return {std::make_unique<internal::FunctionStream<Function>>(std::move(function)), std::move(content_type)};
}

// Server-sent events (WHATWG HTML, section 9.2): return events([](EventWriter& out) { out.send({.data = "tick"}); }).
struct Event {
  std::string_view data;    // may have several lines
  std::string_view type{};  // "message" where empty
  std::string_view id{};
};
// Several fibers of the loop may send through one: an event goes out whole, in the order of the calls; http::BodyWriter
// has the rest.
class EventWriter {
 public:
  explicit EventWriter(http::BodyWriter& writer) : writer_(writer) {}
  void send(const Event& event);        // at once; waits while the client is slow
  void comment(std::string_view text);  // keeps the connection alive

 private:
  void write(std::string text);

  http::BodyWriter& writer_;
  std::string buffer_;  // while nobody uses it
};
template <class Function>
Stream events(Function function) {
  return stream("text/event-stream", [function = std::move(function)](http::BodyWriter& writer) mutable {
    EventWriter out(writer);
    function(out);
  });
}

}  // namespace marty::web
