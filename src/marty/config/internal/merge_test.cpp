// A section is the same wherever it is written: in one file, or split over files, variables and references.
#include "marty/config/internal/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "marty/base/error.hpp"
#include "marty/config/config.hpp"

namespace marty::config {
namespace {

using testing::HasSubstr;

struct Storage {
  std::string path = "none";
  std::string mode = "fast";
  std::map<std::string, int> limits;
  static constexpr auto rules = marty::rules(marty::field<&Storage::limits>.optional());
};
struct Database {
  std::string driver = "none";
};

struct Bound {
  Storage storage;
  Database database;
  std::map<std::string, std::string> origins;
};

Bound bound(std::string_view yaml, const Variables& variables) {
  Tree tree = parse(yaml, "f.yaml", variables);
  tree.use_secrets([](std::string_view) { return Secret("{path: hunter2}"); });
  Bound result{tree.bind<Storage>("app.database.storage"), tree.bind<Database>("app.database"), {}};
  tree.finish();
  for (const Setting& each : tree.settings()) result.origins[each.key] = each.origin + ": " + each.value;
  return result;
}

constexpr std::string_view kFile = "app: {database: {driver: d, storage: {path: q.db, limits: {a: 1}}}}";

TEST(Merge, a_section_in_a_variable_leaves_the_other_keys_of_the_files) {
  const Bound read = bound(kFile, {{"MARTY_APP__DATABASE__STORAGE", "{mode: normal, limits: {b: 2}}"}});
  EXPECT_EQ(read.storage.path, "q.db");
  EXPECT_EQ(read.storage.mode, "normal");
  EXPECT_EQ(read.storage.limits, (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(read.origins.at("app.database.storage.path"), "f.yaml:1: q.db");
  EXPECT_EQ(read.origins.at("app.database.storage.mode"), "MARTY_APP__DATABASE__STORAGE: normal");
}

TEST(Merge, a_section_in_a_variable_reaches_the_sections_inside_of_it) {
  const Bound read = bound(kFile, {{"MARTY_APP__DATABASE", "{storage: {mode: normal}}"}});
  EXPECT_EQ(read.storage.path, "q.db");
  EXPECT_EQ(read.storage.mode, "normal");
  EXPECT_EQ(read.database.driver, "d");
}

TEST(Merge, of_two_variables_that_of_the_member_wins) {
  const Variables variables = {{"MARTY_APP__DATABASE__STORAGE", "{path: v.db, mode: normal}"},
                               {"MARTY_APP__DATABASE__STORAGE__MODE", "safe"},
                               {"MARTY_APP__DATABASE", "{storage: {mode: slow, limits: {c: 3}}}"}};
  const Bound read = bound(kFile, variables);
  EXPECT_EQ(read.storage.mode, "safe");
  EXPECT_EQ(read.storage.path, "v.db");
  EXPECT_EQ(read.storage.limits, (std::map<std::string, int>{{"a", 1}, {"c", 3}}));
}

TEST(Merge, a_section_in_a_reference_is_laid_over_like_any) {
  EXPECT_EQ(bound(kFile, {{"MARTY_APP__DATABASE__STORAGE", "${STORAGE}"}, {"STORAGE", "{mode: normal}"}}).storage.path,
            "q.db");
  const Bound below = bound("app: {database: {storage: '${STORAGE}'}}",
                            {{"STORAGE", "{mode: normal}"}, {"MARTY_APP__DATABASE__STORAGE__PATH", "p"}});
  EXPECT_EQ(below.storage.mode, "normal");
  EXPECT_EQ(below.storage.path, "p");
}

TEST(Merge, a_section_that_is_a_secret_stays_one) {
  const Bound read = bound(kFile, {{"MARTY_APP__DATABASE__STORAGE", "${SECRET:storage}"}});
  EXPECT_EQ(read.storage.path, "hunter2");
  EXPECT_EQ(read.storage.limits.at("a"), 1);
  EXPECT_EQ(read.origins.at("app.database.storage.path"), "MARTY_APP__DATABASE__STORAGE: ${SECRET:storage}");
}

TEST(Merge, a_text_that_looks_like_a_section_is_one_where_a_text_is_wanted) {
  const Bound read = bound(kFile, {{"MARTY_APP__DATABASE__STORAGE__PATH", "{a: 1}"}});
  EXPECT_EQ(read.storage.path, "{a: 1}");
  Tree tree = parse("app: {database: {driver: '${NOT_SET}'}}", "f.yaml",
                    {{"MARTY_APP__DATABASE__DRIVER", "${D}"}, {"D", "{x}"}});
  EXPECT_EQ(tree.bind<Database>("app.database").driver, "{x}") << "what it stands over is not needed";
  tree.finish();
  const std::vector<Layer> layers = {{"f.yaml:1", "\"${NOT_SET}\""}, {"MARTY_APP__DATABASE__DRIVER", "{x}"}};
  EXPECT_EQ(tree.explain("app.database.driver"), layers);
}

TEST(Merge, says_what_is_wrong_with_a_section_in_a_variable) {
  try {
    bound(kFile, {{"MARTY_APP__DATABASE__STORAGE", "{mode: ["}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(),
                HasSubstr("MARTY_APP__DATABASE__STORAGE: app.database.storage must be a list or section in"));
  }
}

TEST(Merge, variables_match_the_spelling_of_keys_inside_of_other_variables) {
  const Variables variables = {{"MARTY_ALL__LIMITS", "{Some-Key: 1}"}, {"MARTY_ALL__LIMITS__SOME_KEY", "2"}};
  Tree tree = parse("", "f", variables);
  EXPECT_EQ((tree.bind<std::map<std::string, int>>("all.limits")), (std::map<std::string, int>{{"Some-Key", 2}}));
  tree.finish();
}

// Random sections, each value of which is written in any of the places, and in several.
class Split {
 public:
  using Values = std::map<std::string, std::map<std::string, std::string>>;  // two levels below the section

  explicit Split(unsigned seed) : engine_(seed) {}

  // A layer that says some of it, as the text of a section.
  Values some(const std::string& origin) {
    Values values;
    for (int i = static_cast<int>(pick(5)); i > 0; --i) {
      const std::string outer(1, "abc"[pick(3)]), inner(1, "pqr"[pick(3)]);
      values[outer][inner] = origin + std::to_string(++count_);
      expected_[outer][inner] = values[outer][inner];
    }
    return values;
  }
  static std::string inner_text(const std::map<std::string, std::string>& values) {
    std::string text = "{";
    for (const auto& [name, value] : values) text += (text.size() > 1 ? ", " : "") + name + ": " + value;
    return text + "}";
  }
  // For a file: any section may be a reference.
  std::string file_text(const Values& values) {
    std::string text = "{";
    for (const auto& [name, inner] : values)
      text += (text.size() > 1 ? ", " : "") + name + ": " + referred(inner_text(inner), true);
    return referred(text + "}", text.find("${") == std::string::npos);
  }
  static std::string plain_text(const Values& values) {
    std::string text = "{";
    for (const auto& [name, inner] : values) text += (text.size() > 1 ? ", " : "") + name + ": " + inner_text(inner);
    return text + "}";
  }
  std::string referred(std::string text, bool allowed, const char* quote = "'") {
    if (!allowed || pick(3) != 0) return text;
    const std::string name = "REFERENCE_" + std::to_string(variables.size());
    variables[name] = text;
    return quote + ("${" + name + "}") + quote;
  }
  std::size_t pick(std::size_t below) { return engine_() % below; }
  const Values& expected() const { return expected_; }

  Variables variables;

 private:
  std::mt19937 engine_;
  int count_ = 0;
  Values expected_;
};

std::string upper(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(c & ~0x20);
  return name;
}

TEST(Merge, is_the_same_function_for_every_source) {
  std::string pattern = (std::filesystem::temp_directory_path() / "marty-merge-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  for (unsigned seed = 0; seed < 300; ++seed) {
    Split split(seed);
    const auto write = [&](const char* name, const std::string& origin) {
      const std::string text = split.file_text(split.some(origin));
      std::ofstream(folder / name) << "root: {all: {section: " << text << "}}\n";
    };
    write("base.yaml", "base");
    write("development.yaml", "development");
    split.variables["MARTY_ROOT__ALL"] = "{section: " + Split::plain_text(split.some("first")) + "}";
    split.variables["MARTY_ROOT__ALL__SECTION"] = split.referred(Split::plain_text(split.some("second")), true, "");
    for (const auto& [outer, inner] : split.some("third"))
      split.variables["MARTY_ROOT__ALL__SECTION__" + upper(outer)] = split.referred(Split::inner_text(inner), true, "");
    for (const auto& [outer, inner] : split.some("fourth")) {
      for (const auto& [name, value] : inner)
        split.variables["MARTY_ROOT__ALL__SECTION__" + upper(outer) + "__" + upper(name)] = value;
    }
    Variables set;
    for (const auto& [outer, inner] : split.some("fifth")) set["root.all.section." + outer] = Split::inner_text(inner);
    Tree tree = load({.directory = folder.string(), .variables = split.variables, .set_at_run_time = set});
    EXPECT_EQ(tree.bind<Split::Values>("root.all.section"), split.expected()) << "seed " << seed;
    tree.finish();
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace marty::config
