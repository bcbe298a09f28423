#include "marty/web/handler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "marty/web/internal/test_pets.hpp"

namespace marty::web {
namespace {

using namespace internal;  // NOLINT: tests only
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class TypedHandlerTest : public PetsTest {};

TEST(HandlerTest, is_a_plain_function_for_a_test) {
  Pets pets;
  const Caller caller{.id = "ann"};
  EXPECT_EQ(add_pet({{.name = "Rex"}}, pets, caller).name, "Rex");
  EXPECT_EQ(add_pet(NewPet{.name = "Rex"}, pets, caller).id, 2);
  EXPECT_EQ(create_pet({.name = "Tom"}, pets).location, "/pets/3");
  EXPECT_EQ(get_pet(2, pets)->name, "Rex");
}

TEST_F(TypedHandlerTest, serves_json_from_typed_handlers) {
  app.post("/pets", add_pet, "Add a pet");
  app.get("/pets/{id}", get_pet, "Get a pet");
  app.start();
  const Answer added = post_json(app, "/pets", R"({"name": "Rex"})");
  EXPECT_EQ(added.status, 200);
  EXPECT_EQ(added.body, R"({"id":1,"name":"Rex"})");
  EXPECT_EQ(added.header("content-type"), "application/json");
  EXPECT_EQ(get(app, "/pets/1").body, added.body);
}

TEST_F(TypedHandlerTest, an_empty_optional_is404_and_nothing_is204_and_created_has_a_location) {
  app.get("/pets/{id}", get_pet, "Get a pet");
  app.del("/pets/{id}", remove_pet, "Remove a pet");
  app.post("/pets", create_pet, "Add a pet");
  app.start();
  EXPECT_EQ(get(app, "/pets/7").status, 404);
  const Answer created = post_json(app, "/pets", R"({"name": "Rex"})");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.header("location"), "/pets/1");
  const Answer removed = ask(app, {.method = "DELETE", .target = "/pets/1"});
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_TRUE(pets.all.empty());
}

TEST_F(TypedHandlerTest, the_routes_status_replaces_the_handlers_own) {
  app.post("/pets", add_pet, "Add a pet").status(202);
  app.start();
  EXPECT_EQ(post_json(app, "/pets", R"({"name": "Rex"})").status, 202);
}

TEST_F(TypedHandlerTest, fills_a_struct_from_the_query) {
  app.get("/pets", list_pets, "List pets");
  app.start();
  EXPECT_EQ(get(app, "/pets?species=gr%C3%BCn+dog&tag=a&tag=b&limit=5").body, R"(["a","b","grün dog","5"])");
  EXPECT_EQ(get(app, "/pets").body, R"(["any","20"])");
  EXPECT_EQ(get(app, "/pets?&limit=3&").body, R"(["any","3"])");
}

TEST_F(TypedHandlerTest, names_every_invalid_field_at_once) {
  app.put(
      "/pets/{id}", [](Path<int>, Query<int, "limit">, HeaderValue<"if-match", int>, Cookie<"theme", int>, NewPet) {},
      "Replace a pet");
  app.start();
  const Answer answer = ask(app, {"PUT",
                                  "/pets/x?limit=1.5&limt=3",
                                  {{"content-type", "application/json"}, {"if-match", "a"}},
                                  R"({"name": "", "age_months": 601, "color": 1})"});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_THAT(problems(answer),
              UnorderedElementsAre(
                  HasSubstr("path.id: must be an integer"), HasSubstr("query.limit: must be an integer"),
                  "query.limt: is not known; did you mean limit?", HasSubstr("header.if-match: must be an integer"),
                  "cookie.theme: is required", HasSubstr("/name: must have 1 to 8 characters"),
                  "/age_months: must be at most 600", HasSubstr("/color: ")));
}

TEST_F(TypedHandlerTest, checks_the_rules_of_query_structs) {
  app.get("/pets", list_pets, "List pets");
  app.start();
  EXPECT_THAT(problems(get(app, "/pets?limit=0")), ElementsAre("query.limit: must be at least 1"));
  EXPECT_THAT(problems(get(app, "/pets?limit=1&limit=2")), ElementsAre("query.limit: is given more than once"));
  EXPECT_THAT(problems(get(app, "/pets?species=%zz")), ElementsAre("query.species: must be percent-encoded UTF-8"));
  EXPECT_THAT(problems(get(app, "/pets?species=%ff")), ElementsAre("query.species: must be percent-encoded UTF-8"));
}

TEST_F(TypedHandlerTest, fills_a_struct_from_the_path) {
  app.get(
      "/{city}/x/{street}",
      [](Path<Place> place) { return PlainText{place->city + " " + std::to_string(place->street)}; }, "A place");
  app.start();
  EXPECT_EQ(get(app, "/M%C3%BCnchen+1/x/7").body, "München+1 7");
  EXPECT_THAT(problems(get(app, "/a%ff/x/b")), UnorderedElementsAre("path.city: must be percent-encoded UTF-8",
                                                                    HasSubstr("path.street: must be an integer")));
}

TEST_F(TypedHandlerTest, a_scalar_takes_the_next_part_of_the_path_that_no_struct_takes) {
  app.get(
      "/{city}/{street}/{house}",
      [](Path<Place> place, Path<int> house) { return PlainText{place->city + std::to_string(*house)}; }, "A house");
  app.start();
  EXPECT_EQ(get(app, "/Ulm/7/12").body, "Ulm12");
}

TEST_F(TypedHandlerTest, reads_headers_and_cookies) {
  app.get(
      "/",
      [](HeaderValue<"x-name"> name, HeaderValue<"x-age", std::optional<int>> age, Cookie<"theme"> theme) {
        return PlainText{*name + "," + std::to_string(age->value_or(-1)) + "," + *theme};
      },
      "Echo");
  app.start();
  EXPECT_EQ(get(app, "/", {{"X-Name", "ann"}, {"cookie", "a=b; theme=\"dark\"; theme=light"}}).body, "ann,-1,dark");
  EXPECT_THAT(problems(get(app, "/", {{"cookie", "other=1"}, {"x-age", "1"}, {"x-age", "2"}})),
              UnorderedElementsAre("header.x-name: is required", "header.x-age: is given more than once",
                                   "cookie.theme: is required"));
}

TEST_F(TypedHandlerTest, refuses_bodies_that_are_missing_too_large_or_no_json) {
  app.post("/pets", add_pet, "Add a pet").max_body(20);
  app.start();
  EXPECT_EQ(ask(app, {"POST", "/pets", {{"content-type", "text/plain"}}, "hi"}).status, 415);
  EXPECT_EQ(ask(app, {"POST", "/pets", {}, "{}"}).status, 415);
  EXPECT_EQ(
      ask(app, {"POST", "/pets", {{"content-type", "Application/Pet+JSON; charset=utf-8"}}, R"({"name":"a"})"}).status,
      200);
  EXPECT_THAT(problems(ask(app, {.method = "POST", .target = "/pets"})), ElementsAre(": a JSON body is required"));
  EXPECT_EQ(ask(app, {.method = "POST", .target = "/pets"}).json()["detail"].as_string(),
            "1 field is invalid: a JSON body is required");
  EXPECT_EQ(post_json(app, "/pets", R"({"name": "a name too long"})").status, 413);
  const Answer broken = post_json(app, "/pets", R"({"name": )");
  EXPECT_EQ(broken.status, 400);
}

TEST_F(TypedHandlerTest, refuses_a_body_with_a_content_coding) {
  app.post("/pets", add_pet, "Add a pet");
  app.post(
      "/form", [](Form<NewPet>) {}, "Form");
  app.start();
  const auto send = [&](std::string_view target, std::string_view type, std::string_view coding) {
    return ask(app, {"POST", target, {{"content-type", type}, {"content-encoding", coding}}, R"({"name": "Rex"})"});
  };
  const Answer refused = send("/pets", "application/json", "gzip");
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(refused.header("accept-encoding"), "identity");
  EXPECT_THAT(refused.body, HasSubstr("without Content-Encoding"));
  EXPECT_EQ(send("/form", "application/x-www-form-urlencoded", "br").status, 415);
  EXPECT_EQ(send("/pets", "application/json", "Identity").status, 200);
}

struct Trip {
  int from = 0, until = 0;
  void check(Problems& problems) const {
    if (until < from) problems.add("", "must not end before it begins");
  }
};

TEST_F(TypedHandlerTest, names_the_place_of_a_problem_of_the_whole_struct) {
  app.get(
      "/trips", [](Query<Trip>) {}, "Trips");
  app.start();
  EXPECT_THAT(problems(get(app, "/trips?from=2&until=1")), ElementsAre("query: must not end before it begins"));
}

TEST_F(TypedHandlerTest, a_result_that_decides_its_media_type_meets_every_accept_header) {
  app.get(
      "/events", [] { return events([](EventWriter& out) { out.comment("hello"); }); }, "Events");
  app.start();
  const Answer answer = get(app, "/events", {{"accept", "text/event-stream"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_EQ(answer.body, ": hello\n\n");
}

TEST_F(TypedHandlerTest, refuses_an_accept_header_that_the_reply_cannot_meet) {
  app.get("/pets", list_pets, "List pets");
  app.start();
  EXPECT_EQ(get(app, "/pets", {{"accept", "text/html"}}).status, 406);
  EXPECT_EQ(get(app, "/pets", {{"accept", "text/html, application/*;q=0.1"}}).status, 200);
  EXPECT_EQ(get(app, "/pets", {{"accept", "application/json;q=0, */*"}}).status, 406);
}

TEST_F(TypedHandlerTest, raw_handlers_write_the_response_themselves) {
  app.get(
      "/raw",
      [](http::Request& request, http::Response& response) {
        response.status = 299;
        response.set_body(request.query(), "text/x");
      },
      "Raw");
  app.start();
  const Answer answer = get(app, "/raw?a=1");
  EXPECT_EQ(answer.status, 299);
  EXPECT_EQ(answer.body, "a=1");
}

TEST_F(TypedHandlerTest, replies_carry_status_headers_and_other_content) {
  app.get(
      "/reply",
      [] {
        return Reply<Pet>{.status = 203, .headers = {{"x-a", "1"}}, .value = {1, "Rex"}};
      },
      "Reply");
  app.get(
      "/typed",
      [] {
        return Reply<Pet>{.headers = {{"content-type", "application/vnd.pet+json"}}, .value = {1, "Rex"}};
      },
      "Typed");
  app.get(
      "/redirect",
      [] {
        return Reply<void>{.status = 303, .headers = {{"location", "/reply"}}};
      },
      "Redirect");
  app.get(
      "/html", [] { return Html{"<p>"}; }, "Html");
  app.get(
      "/stream", [] { return stream("text/csv", [](http::BodyWriter& out) { out.write("a,b"); }); }, "Stream");
  app.get(
      "/events",
      [] { return events([](EventWriter& out) { out.send({.data = "one\ntwo", .type = "tick\nid: 9", .id = "1"}); }); },
      "Events");
  app.start();
  EXPECT_EQ(get(app, "/reply").status, 203);
  EXPECT_EQ(get(app, "/reply").header("x-a"), "1");
  EXPECT_EQ(get(app, "/reply").header("content-type"), "application/json");
  EXPECT_EQ(get(app, "/typed").header("content-type"), "application/vnd.pet+json");
  EXPECT_EQ(get(app, "/redirect").header("location"), "/reply");
  EXPECT_EQ(get(app, "/html").header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(get(app, "/stream").body, "a,b");
  EXPECT_EQ(get(app, "/events").body, "event: tick\nid: 1\ndata: one\ndata: two\n\n");
}

// The style "simple" of OpenAPI 3.1; RFC 9110 section 5.3.
TEST_F(TypedHandlerTest, a_list_in_a_header_has_commas_on_however_many_lines) {
  app.get(
      "/tags",
      [](HeaderValue<"x-tag", std::vector<std::string>> tags,
         HeaderValue<"x-number", std::optional<std::vector<int>>> numbers) {
        std::string all;
        for (const std::string& tag : *tags) all += "[" + tag + "]";
        if (*numbers) all += " " + std::to_string((*numbers)->size());
        return PlainText{all};
      },
      "Tags");
  app.start();
  const auto tags = [&](std::vector<http::Header> headers) { return get(app, "/tags", std::move(headers)).body; };
  EXPECT_EQ(tags({{"x-tag", "a,b"}}), "[a][b]");
  EXPECT_EQ(tags({{"x-tag", "a, b"}, {"X-Tag", "c"}}), "[a][b][c]");
  EXPECT_EQ(tags({{"x-tag", "\"a,b\", , c"}}), "[\"a,b\"][c]");
  EXPECT_EQ(tags({{"x-number", "1, 2"}, {"x-number", "3"}}), " 3");
  EXPECT_EQ(tags({{"x-number", ""}}), " 0");
  EXPECT_EQ(tags({}), "");
  EXPECT_THAT(problems(get(app, "/tags", {{"x-number", "1,x"}})),
              ElementsAre(HasSubstr("header.x-number: must be an integer")));
}

TEST_F(TypedHandlerTest, reads_all_lines_of_the_headers_that_negotiate) {
  app.get("/pets", list_pets, "List pets");
  app.post("/pets", add_pet, "Add a pet");
  app.start();
  EXPECT_EQ(get(app, "/pets", {{"accept", "text/html"}, {"accept", "application/json"}}).status, 200);
  EXPECT_EQ(get(app, "/pets", {{"accept", "text/html"}, {"accept", "text/plain"}}).status, 406);
  const auto post = [&](std::vector<http::Header> headers) {
    headers.push_back({"content-type", "application/json"});
    return ask(app, {"POST", "/pets", headers, R"({"name": "Rex"})"}).status;
  };
  EXPECT_EQ(post({{"content-encoding", "identity"}, {"content-encoding", "gzip"}}), 415);
  EXPECT_EQ(post({{"content-encoding", "identity"}, {"content-encoding", "Identity"}}), 200);
}

TEST_F(TypedHandlerTest, a_file_that_was_not_chosen_is_absent) {
  app.post(
      "/photo",
      [](Upload<"photo", std::optional<File>> photo) {
        return PlainText{photo->has_value() ? "there: " + (**photo).filename : "none"};
      },
      "Photo");
  app.post(
      "/required", [](Upload<"photo">) {}, "Photo");
  app.start();
  const auto send = [&](std::string_view path, std::string_view filename, std::string_view content) {
    std::string body = "--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"" + std::string(filename);
    body += "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + std::string(content) + "\r\n--B--\r\n";
    return ask(app, {"POST", path, {{"content-type", "multipart/form-data; boundary=B"}}, body});
  };
  EXPECT_EQ(send("/photo", "", "").body, "none");
  EXPECT_EQ(send("/photo", "empty.txt", "").body, "there: empty.txt");
  EXPECT_EQ(send("/photo", "", "content").body, "there: ");
  EXPECT_THAT(problems(send("/required", "", "")), ElementsAre(HasSubstr("form.photo: is required")));
}

TEST_F(TypedHandlerTest, reads_forms_and_uploads) {
  app.post(
      "/form", [](Form<NewPet> pet) { return PlainText{pet->name + " " + std::to_string(pet->age_months)}; }, "Form");
  app.post(
      "/photo",
      [](Form<NewPet> pet, Upload<"photo"> photo, Upload<"other", std::optional<File>> other) {
        return PlainText{pet->name + "|" + photo->filename + "|" + photo->content_type + "|" + photo->content + "|" +
                         (other->has_value() ? "other" : "none")};
      },
      "Photo");
  app.start();
  EXPECT_EQ(
      ask(app, {"POST", "/form", {{"content-type", "application/x-www-form-urlencoded"}}, "name=R+x&age_months=3"})
          .body,
      "R x 3");
  const std::string body =
      "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nRex\r\n"
      "--B\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"r\\\"x.png\"\r\nContent-Type: "
      "image/png\r\n\r\n\x89PNG\r\n--\r\n--B--\r\n";
  const Answer answer = ask(app, {"POST", "/photo", {{"content-type", "multipart/form-data; boundary=\"B\""}}, body});
  EXPECT_EQ(answer.body, "Rex|r\"x.png|image/png|\x89PNG\r\n--|none");
  EXPECT_EQ(ask(app, {"POST", "/photo", {{"content-type", "application/json"}}, "{}"}).status, 415);
  EXPECT_THAT(problems(ask(app, {"POST", "/photo", {{"content-type", "multipart/form-data; boundary=B"}}, "--B--"})),
              UnorderedElementsAre("form.name: is required", HasSubstr("form.photo: is required")));
}

TEST_F(TypedHandlerTest, routes_that_do_not_fit_their_handlers_are_refused) {
  const auto refusal = [&](auto&& registration) -> std::string {
    try {
      registration();
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  struct Nested {
    Pet pet;
  };
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/a", [](Path<int>) {}, "A");
              }),
              HasSubstr("more path parameters than the pattern"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/{city}", [](Path<Place>) {}, "A");
              }),
              IsEmpty());
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/b/{town}", [](Path<Place>) {}, "A");
              }),
              HasSubstr("no parameter {city}"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/pets/{id}/photos/{number}", [](Path<int>) {}, "A");
              }),
              HasSubstr("the route GET /pets/{id}/photos/{number} is not valid: the handler does not take {number}"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/b/{city}/{street}/{house}", [](Path<Place>) {}, "A");
              }),
              HasSubstr("does not take {house}"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/raw/{id}", [](http::Request&, http::Response&) {}, "A");
              }),
              IsEmpty());
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/c", [](Query<Nested>) {}, "A");
              }),
              HasSubstr("pet is neither a scalar"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/d", [](Query<int>) {}, "A");
              }),
              HasSubstr("has to be a struct"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/e", [](NewPet, Body<NewPet>) {}, "A");
              }),
              HasSubstr("more than one body"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/f", [](NewPet, Form<NewPet>) {}, "A");
              }),
              HasSubstr("both a JSON body and a form"));
  EXPECT_THAT(refusal([&] {
                app.get(
                    "/g", [] {}, "");
              }),
              HasSubstr("needs a summary"));
}

}  // namespace
}  // namespace marty::web
