// The code of docs/guide/rest.md, compiled and called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "marty/web/compression.hpp"
#include "marty/web/cors.hpp"
#include "marty/web/entity_tags.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

using internal::Answer;
using internal::ask;
using internal::get;
using internal::post_json;

// [model]
struct NewPet {
  std::string name;
  std::optional<std::string> note;
  int age_months = 0;  // an initialiser makes it optional on input
  static constexpr auto rules = marty::rules(marty::field<&NewPet::name>.length(1, 80).example("Rex"),
                                             marty::field<&NewPet::age_months>.range(0, 600).description("Age"));
};
struct Pet {
  int id = 0;
  std::string name;
  int version = 1;
};
struct PetQuery {
  std::optional<std::string> name;
  int limit = 20;
  std::vector<std::string> tag;  // ?tag=a&tag=b
};
// [/model]

struct Pets {
  std::map<int, Pet> all;
  Pet insert(const std::string& name) {
    const int id = int(all.size()) + 1;
    return all[id] = {id, name};
  }
  std::optional<Pet> get(int id) const {
    const auto found = all.find(id);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
};

// [handlers]
Created<Pet> add_pet(Body<NewPet> pet, Pets& pets) {
  const Pet added = pets.insert(pet->name);
  return {added, "/pets/" + std::to_string(added.id)};
}
std::optional<Pet> get_pet(Path<int> id, Pets& pets) { return pets.get(id); }  // nothing: 404
std::vector<Pet> list_pets(Query<PetQuery> query, Pets& pets) {
  std::vector<Pet> found;
  for (const auto& [id, pet] : pets.all) {
    if (found.size() < std::size_t(query->limit) && query->name.value_or(pet.name) == pet.name) found.push_back(pet);
  }
  return found;
}
void rename_pet(Path<int> id, HeaderValue<"if-match", int> version, Body<NewPet> change, Pets& pets) {
  Pet& pet = pets.all.at(id);
  if (pet.version != version) throw Error(Code::failed_precondition, "somebody else was quicker");
  pet = {pet.id, change->name, pet.version + 1};
}
// [/handlers]

// [files]
PlainText add_photo(Path<int>, Upload<"photo"> photo) {
  return {photo->filename + ": " + std::to_string(photo->content.size()) + " bytes"};
}
PlainText import_pets(Multipart& parts, Pets& pets) {  // as it arrives, however large
  while (Part* part = parts.next()) pets.insert(part->read_all(80));
  return {std::to_string(pets.all.size())};
}
Stream export_pets(Pets& pets) {
  return stream("text/csv", [&pets](http::BodyWriter& out) {
    for (const auto& [id, pet] : pets.all) out.write(std::to_string(id) + "," + pet.name + "\n");
  });
}
Stream watch() {
  return events([](EventWriter& out) { out.send({.data = "a pet was added", .type = "added"}); });
}
// [/files]

// [filter]
void stamp(http::Request& request, http::Response& response, Next next) {
  next();  // the filters behind this one, then the handler
  response.set_header("x-method", request.method_text);
}
// [/filter]

// [authentication]
void by_key(http::Request& request, http::Response&, Next next) {
  if (request.header("x-api-key") == "the key of ann")
    next.exchange().set_caller({.id = "ann", .permissions = {"pet:*:create", "pet:7:*"}});
  next();
}

void protect(App& app) {
  app.authentication(api_key_in_header("X-API-Key"));
  app.filter(Phase::authentication, "keys", by_key);
  app.post("/pets", add_pet, "Add a pet").requires_permission("pet:*:create");
}
// [/authentication]

struct Unit {
  std::vector<std::string>& journal;
};

void add_routes(App& app) {
  // [routes]
  app.post("/pets", add_pet, "Add a pet").tag("pets").response(409, "the name is taken").example(Pet{1, "Rex"});
  app.get("/pets", list_pets, "List pets").tag("pets");
  app.get("/pets/{id}", get_pet, "Get one pet").tag("pets").description("The pet as it is **now**.");
  app.put("/pets/{id}/name", rename_pet, "Rename a pet").tag("pets").deprecated();
  app.post("/pets/{id}/photo", add_photo, "Add a photo").max_body(8 << 20);
  app.post("/import", import_pets, "Import pets, one a part");
  app.get("/export", export_pets, "All pets").produces("text/csv");
  app.get("/watch", watch, "What happens").produces("text/event-stream");
  // [/routes]
}

void add_edge(App& app) {
  // [edge]
  app.filter(Phase::edge, "cors", Cors({.origins = {"https://*.shop.example"}, .credentials = true}));
  app.filter(Phase::edge, "compression", Compression());
  app.filter(Phase::edge, "etag", EntityTags());
  app.filter("stamp", stamp);
  serve_files(app, "/static", "public", {.cache_control = "public, max-age=3600"});
  // [/edge]
}

void add_headers(App& app) {
  // [headers]
  app.filter(Phase::edge, "headers", [](http::Request&, http::Response& response, Next next) {
    response.set_header("x-content-type-options", "nosniff");
    next();
  });
  // [/headers]
}

class GuideTest : public ::testing::Test {
 protected:
  GuideTest() {
    add_routes(app);
    add_edge(app);
    add_headers(app);
    app.provide([] { return Pets(); });
    app.start();
  }
  App app;
};

TEST_F(GuideTest, the_handlers_do_what_the_guide_says) {
  EXPECT_EQ(post_json(app, "/pets", R"({"name": "Rex"})").header("location"), "/pets/1");
  EXPECT_EQ(get(app, "/pets/1").body, R"({"id":1,"name":"Rex","version":1})");
  EXPECT_EQ(get(app, "/pets?name=Tom&limit=5").body, "[]");
  EXPECT_EQ(get(app, "/pets/1").header("x-method"), "GET");
  EXPECT_EQ(get(app, "/none").header("x-content-type-options"), "nosniff");
  const std::vector<http::Header> headers{{"content-type", "application/json"}, {"if-match", "1"}};
  EXPECT_EQ(ask(app, {"PUT", "/pets/1/name", headers, R"({"name": "Max"})"}).status, 204);
  EXPECT_EQ(ask(app, {"PUT", "/pets/1/name", headers, R"({"name": "Ben"})"}).status, 409);
}

TEST_F(GuideTest, files_go_in_and_out) {
  const std::vector<http::Header> form{{"content-type", "multipart/form-data; boundary=B"}};
  const std::string photo =
      "--B\r\ncontent-disposition: form-data; name=photo; filename=\"a.png\"\r\n\r\n12345\r\n--B--";
  EXPECT_EQ(ask(app, {"POST", "/pets/1/photo", form, photo}).body, "a.png: 5 bytes");
  const std::string pets =
      "--B\r\ncontent-disposition: form-data; name=a\r\n\r\nRex\r\n--B\r\ncontent-disposition: form-data; "
      "name=a\r\n\r\nTom\r\n--B--";
  EXPECT_EQ(ask(app, {"POST", "/import", form, pets}).body, "2");
  EXPECT_EQ(get(app, "/export").body, "1,Rex\n2,Tom\n");
  EXPECT_EQ(get(app, "/watch").body, "event: added\ndata: a pet was added\n\n");
  EXPECT_EQ(json::Value::parse(app.openapi_text())["paths"]["/export"]["get"]["responses"]["200"]["content"].find(
                "text/csv") != nullptr,
            true);
}

// [test]
TEST(AddPet, gives_the_pet_its_address) {
  Pets pets;
  EXPECT_EQ(add_pet({{.name = "Rex"}}, pets).location, "/pets/1");  // a handler is a plain function
  EXPECT_EQ(get_pet(1, pets)->name, "Rex");
}
// [/test]

TEST(GuideAuthentication, lets_in_who_has_the_key) {
  App app;
  protect(app);
  app.provide([] { return Pets(); });
  app.start();
  const auto status = [&](std::vector<http::Header> headers) {
    headers.push_back({"content-type", "application/json"});
    return ask(app, {"POST", "/pets", headers, R"({"name": "Rex"})"}).status;
  };
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"x-api-key", "the key of ann"}}), 201);
}

TEST(GuideDependencies, per_request_values_follow_their_request) {
  std::vector<std::string> journal;
  App app;
  // [per-request]
  app.dependencies().per_request([&] { return Unit{journal}; }, [](Unit& unit) { unit.journal.push_back("commit"); },
                                 [](Unit& unit) noexcept { unit.journal.push_back("roll back"); });
  app.post(
      "/orders", [](Unit& unit) { unit.journal.push_back("ordered"); }, "Place an order");
  // [/per-request]
  app.start();
  ask(app, {.method = "POST", .target = "/orders"});
  EXPECT_THAT(journal, ::testing::ElementsAre("ordered", "commit"));
}

}  // namespace
}  // namespace marty::web
