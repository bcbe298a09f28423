// The public JSON parsing test vectors: y_ must be read, n_ must be refused, i_ may be either.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "marty/json/internal/lexer.hpp"
#include "marty/json/json.hpp"
#include "marty/json/value.hpp"

namespace marty::json {
namespace {

std::vector<std::filesystem::path> vector_files() {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(MARTY_SOURCE_DIR) / "../shared/vectors/json-parsing";
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Empty {};

// Three ways through the same text, which must agree: into a Value, skipped by the lexer, and skipped as an unknown
// field.
struct Outcome {
  bool as_value, skipped, skipped_as_field;
};

Outcome read(const std::string& text, const Limits& limits) {
  Outcome outcome{};
  Problems problems;
  Value value;
  outcome.as_value = parse_into(reflect::type_of<Value>(), &value, text, limits, View::full, problems);

  internal::Lexer lexer(text, limits.max_depth);
  outcome.skipped = lexer.skip() && lexer.finish();

  Empty empty;
  Problems field_problems;
  const std::string wrapped = "{\"unknown\":" + text + "}";
  parse_into(reflect::type_of<Empty>(), &empty, wrapped, {.max_depth = limits.max_depth + 1}, View::full,
             field_problems);
  // The unknown field itself is one problem; a syntax error would be a second one.
  outcome.skipped_as_field = field_problems.size() == 1;
  return outcome;
}

TEST(JsonVectors, every_file_is_read_or_refused_as_its_name_says) {
  const auto files = vector_files();
  if (files.empty()) GTEST_SKIP() << "../shared/vectors/json-parsing is not here";
  int accepted = 0, refused = 0;
  for (const auto& path : files) {
    const std::string name = path.filename().string(), text = content(path);
    const Outcome outcome = read(text, {.max_depth = 600});
    if (name.starts_with("y_")) {
      EXPECT_TRUE(outcome.as_value && outcome.skipped && outcome.skipped_as_field) << name;
      ++accepted;
    } else if (name.starts_with("n_")) {
      EXPECT_FALSE(outcome.as_value) << name;
      EXPECT_FALSE(outcome.skipped) << name;
      ++refused;
    }
  }
  EXPECT_GE(accepted, 90);
  EXPECT_GE(refused, 180);
}

TEST(JsonVectors, what_is_read_writes_and_reads_back_equal) {
  const auto files = vector_files();
  if (files.empty()) GTEST_SKIP() << "../shared/vectors/json-parsing is not here";
  for (const auto& path : files) {
    Problems problems;
    Value value;
    if (!parse_into(reflect::type_of<Value>(), &value, content(path), {.max_depth = 600}, View::full, problems))
      continue;
    EXPECT_EQ(Value::parse(value.to_string(), {.max_depth = 600}), value) << path.filename();
  }
}

}  // namespace
}  // namespace marty::json
