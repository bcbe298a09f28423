#include "marty/web/openapi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "marty/json/indented.hpp"
#include "marty/json/schema.hpp"
#include "marty/web/internal/test_request.hpp"
#include "marty/web/multipart.hpp"
#include "marty/web/web.hpp"

namespace marty::web {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

enum class Species { cat, dog };
struct Pet {
  int id = 0;
  std::string name;
  Species species = Species::cat;
  std::optional<std::string> note;
  static constexpr auto rules = marty::rules(
      marty::describe("A pet of the shop"), marty::field<&Pet::id>.read_only().description("Given by the shop"),
      marty::field<&Pet::name>.length(1, 80).example("Rex"), marty::field<&Pet::note>.deprecated());
};
struct ListPets {
  std::optional<Species> species;
  int limit = 20;
  std::vector<std::string> tag;
  static constexpr auto rules =
      marty::rules(marty::field<&ListPets::limit>.range(1, 100).description("How many at most"),
                   marty::field<&ListPets::species>.deprecated());
};
struct Page {
  std::vector<Pet> items;
  std::optional<std::string> next_cursor;
};
struct Contact {
  std::string name;
  std::string text;
};

Page list_pets(Query<ListPets>, HeaderValue<"x-tenant", std::optional<std::string>>) { return {}; }
Created<Pet> add_pet(Pet) { return {}; }
std::optional<Pet> get_pet(Path<int>) { return {}; }
void remove_pet(Path<int>, Cookie<"session">) {}
void add_photo(Path<int>, Upload<"photo">, Form<Contact>) {}
void contact(Form<Contact>) {}
void import_pets(Multipart&) {}
PlainText hello() { return {"hello"}; }
void raw(http::Request&, http::Response&) {}

AppOptions options() {
  AppOptions sample;
  sample.title = "Pet shop";
  sample.version = "1.2.3";
  sample.description = "A sample that uses everything the document can say.";
  sample.servers = {{"https://pets.marty.dev", "production"}};
  sample.tags = {{"pets", "Pets and what belongs to them"}, {"other", "All the rest"}};
  sample.license = {"MIT", "https://opensource.org/license/mit"};
  return sample;
}

void add_routes(App& app) {
  app.get("/api/v1/pets", list_pets, "List pets").tag("pets").description("The newest first.");
  app.post("/api/v1/pets", add_pet, "Add a pet")
      .tag("pets")
      .operation_id("add_pet")
      .requires_permission("pet:*:create")
      .response(409, "the name is taken")
      .example(Pet{.id = 1, .name = "Rex"})
      .request_example(Pet{.name = "Rex"});
  app.get("/api/v1/pets/{id}", get_pet, "Get one pet").tag("pets").response<Contact>(299, "who to ask instead");
  app.del("/api/v1/pets/{id}", remove_pet, "Remove a pet").tag("pets").deprecated().requires_authentication();
  app.post("/api/v1/pets/{id}/photo", add_photo, "Add a photo").tag("pets").status(202);
  app.post("/contact", contact, "Write to us").tag("other");
  app.post("/import", import_pets, "Import pets").tag("other");
  app.get("/hello", hello, "Say hello").tag("other");
  app.get("/files/{name}/{path...}", raw, "Read a file").tag("other");
  app.get("/secret", hello, "Not shown").hidden();
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The same document, a member a line, so that a difference is seen at once.
std::string pretty(const std::string& text) { return json::indented(json::Value::parse(text)); }

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() : app(options()) {
    add_routes(app);
    app.start();
  }
  App app;
};

TEST_F(OpenApiTest, the_document_is_the_golden_file) {
  const fs::path golden = fs::path(MARTY_SOURCE_DIR) / "src/marty/web/testdata/openapi.golden.json";
  const std::string text = pretty(app.openapi_text());
  if (std::getenv("MARTY_UPDATE_GOLDEN") != nullptr) {
    fs::create_directories(golden.parent_path());
    std::ofstream(golden, std::ios::binary) << text;
  }
  EXPECT_EQ(text, read(golden)) << "run with MARTY_UPDATE_GOLDEN=1 to accept, then read the difference";
}

TEST_F(OpenApiTest, the_document_lints_clean) {
  const fs::path redocly = fs::path(MARTY_SOURCE_DIR) / "node_modules/.bin/redocly";
  if (!fs::exists(redocly)) GTEST_SKIP() << "node_modules/.bin/redocly is not installed";
  const fs::path folder = fs::path(::testing::TempDir()) / ("marty-openapi-lint-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "openapi.json", std::ios::binary) << pretty(app.openapi_text());
  const std::string command =
      "cd '" + folder.string() + "' && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true CI=true '" +
      redocly.string() + "' lint --extends=recommended --format=json openapi.json >lint.json 2>lint.err";
  const int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << read(folder / "lint.json") << read(folder / "lint.err");
  EXPECT_EQ(json::Value::parse(read(folder / "lint.json")).at("/totals/warnings").as_integer(), 0)
      << read(folder / "lint.json");
  fs::remove_all(folder);
}

TEST_F(OpenApiTest, every_visible_route_is_listed) {
  const json::Value document = json::Value::parse(app.openapi_text());
  std::size_t operations = 0;
  for (const auto& path : document["paths"].as_object()) operations += path.value.size();
  std::size_t visible = 0;
  for (const auto& route : app.routes()) visible += route->hidden ? 0 : 1;
  EXPECT_EQ(operations, visible);
  EXPECT_EQ(document["paths"].find("/secret"), nullptr);
}

TEST_F(OpenApiTest, is_served_with_an_entity_tag_and_compressed) {
  const internal::Answer plain = internal::get(app, "/openapi.json");
  EXPECT_EQ(plain.body, app.openapi_text());
  EXPECT_EQ(plain.header("content-type"), "application/json");
  const internal::Answer again =
      internal::get(app, "/openapi.json", {{"if-none-match", plain.response.header("etag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  const internal::Answer gzip = internal::get(app, "/openapi.json", {{"accept-encoding", "br, gzip"}});
  EXPECT_EQ(gzip.header("content-encoding"), "gzip");
  EXPECT_EQ(gzip.header("vary"), "Accept-Encoding");
  EXPECT_LT(gzip.body.size(), plain.body.size() / 2);
}

TEST(OpenApiStartTest, refuses_two_routes_of_one_operation_id) {
  App app;
  app.get("/a", hello, "A").operation_id("same");
  app.get("/b", hello, "B").operation_id("same");
  try {
    app.start();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::already_exists);
    EXPECT_THAT(error.message(), HasSubstr("GET /a and GET /b have the same operation id same"));
  }
}

TEST(OpenApiStartTest, can_be_left_out) {
  App app({.docs = false});
  app.start();
  EXPECT_EQ(internal::get(app, "/openapi.json").status, 404);
}

#ifdef MARTY_DOCS_UI
TEST_F(OpenApiTest, the_pages_load_only_their_own_files) {
  for (const std::string page : {"/docs", "/docs/redoc", "/docs/stoplight"}) {
    const internal::Answer answer = internal::get(app, page);
    EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
    EXPECT_THAT(answer.header("content-security-policy"), HasSubstr("script-src 'self';"));
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("http")));
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("<script>")));
    EXPECT_THAT(answer.body, HasSubstr("<title>Pet shop</title>"));
    // Every file that a page names is there: relative to /docs or /docs/.
    for (std::size_t at = answer.body.find("assets/"); at != std::string::npos;
         at = answer.body.find("assets/", at + 1)) {
      const std::string name = answer.body.substr(at, answer.body.find('"', at) - at);
      const internal::Answer asset = internal::get(app, "/docs/" + name);
      EXPECT_EQ(asset.status, 200) << name;
      EXPECT_EQ(asset.header("content-encoding"), "");
      EXPECT_GT(asset.body.size(), 100U);
      EXPECT_THAT(asset.body, ::testing::Not(HasSubstr("://cdn."))) << name;
      EXPECT_EQ(internal::get(app, "/docs/" + name,
                              {{"accept-encoding", "gzip"}, {"if-none-match", asset.response.header("etag")}})
                    .status,
                304);
    }
  }
  EXPECT_EQ(internal::get(app, "/docs/assets/nothing.js").status, 404);
}

TEST_F(OpenApiTest, the_licences_of_what_the_pages_embed_are_served) {
  for (const std::string name : {"swagger-ui-bundle.js.LICENSE.txt", "redoc.standalone.js.LICENSE.txt",
                                 "web-components.min.js.LICENSE.txt", "redoc.LICENSE.txt", "LICENSE.txt"}) {
    const internal::Answer notice = internal::get(app, "/docs/assets/" + name);
    EXPECT_EQ(notice.status, 200) << name;
    EXPECT_EQ(notice.header("content-type"), "text/plain; charset=utf-8");
    EXPECT_THAT(notice.body, HasSubstr("icense")) << name;
  }
}
#endif

TEST(OpenApiStartTest, what_is_always_sent_is_required_of_responses_only) {
  struct Line {
    std::string sku;
    int quantity = 1;
    std::optional<std::string> note;
  };
  struct Order {
    std::vector<Line> lines;
    bool paid = false;
  };
  struct NewOrder {
    int priority = 3;
  };
  App app;
  app.put(
      "/orders/{id}", [](Path<int>, Body<Order> order) { return *order; }, "Put an order");
  app.post(
      "/orders", [](Body<NewOrder>) { return std::vector<Order>(); }, "Add an order");
  app.start();
  const json::Value document = json::Value::parse(app.openapi_text());
  const auto required = [&](const std::string& name) {
    const json::Value* found = document.find_pointer("/components/schemas/" + name + "/required");
    return found != nullptr ? found->to_string() : "none";
  };
  EXPECT_EQ(required("Order"), R"(["lines","paid"])");
  EXPECT_EQ(required("OrderInput"), R"(["lines"])");
  EXPECT_EQ(required("Line"), R"(["sku","quantity"])");
  EXPECT_EQ(required("LineInput"), R"(["sku"])");
  EXPECT_EQ(required("NewOrder"), "none");  // it is read only, and so keeps its name
  EXPECT_EQ(document.find_pointer("/components/schemas/NewOrderInput"), nullptr);
  EXPECT_EQ(document.at("/paths/~1orders~1{id}/put/requestBody/content/application~1json/schema/$ref").as_string(),
            "#/components/schemas/OrderInput");
  EXPECT_EQ(document.at("/components/schemas/OrderInput/properties/lines/items/$ref").as_string(),
            "#/components/schemas/LineInput");
}

TEST(OpenApiStartTest, a_result_of_several_media_types_names_each) {
  App app;
  app.get(
         "/report",
         [] {
           return Blob{"x", "text/csv"};
         },
         "A report")
      .produces("text/csv")
      .produces("application/pdf");
  app.start();
  const json::Value document = json::Value::parse(app.openapi_text());
  const json::Value& content = document.at("/paths/~1report/get/responses/200/content");
  EXPECT_EQ(content.size(), 2u);
  EXPECT_NE(content.find("text/csv"), nullptr);
  EXPECT_NE(content.find("application/pdf"), nullptr);
}

}  // namespace
}  // namespace marty::web
