#include "marty/secrets/store.hpp"

#include <algorithm>

#include "marty/base/error.hpp"
#include "marty/base/strings.hpp"
#include "marty/json/value.hpp"

namespace marty::secrets {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// One part between two slashes.
bool is_part(std::string_view part) {
  return !part.empty() && part.front() != '.' && std::ranges::all_of(part, is_key_character);
}

bool is_path(std::string_view path) {
  while (true) {
    const std::size_t end = path.find('/');
    if (!is_part(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

[[noreturn]] void refuse_field(const Key& key, std::string_view store, const std::string& reason,
                               const std::vector<std::string>& names) {
  std::string message = "the secret " + key.path + " of " + std::string(store) + " " + reason + "; it has ";
  for (const std::string& name : names) message += (&name == &names.front() ? "" : ", ") + name;
  if (names.empty()) message += "none";
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (const auto near = nearest(key.field, candidates)) message += "; did you mean " + std::string(*near) + "?";
  throw Error(Code::invalid_argument, message);
}

}  // namespace

Key Key::parse(std::string_view text) {
  const std::size_t hash = text.find('#');
  Key key{std::string(text.substr(0, hash)),
          hash == std::string_view::npos ? std::string() : std::string(text.substr(hash + 1))};
  const bool has_field = hash != std::string_view::npos;
  if (text.size() <= kMaxKeyBytes && is_path(key.path) && (!has_field || is_part(key.field))) return key;
  throw Error(Code::invalid_argument,
              "a secret is named like shop/database or shop/database#password (letters, digits, '_', '-' and '.'), "
              "not " +
                  std::string(utf8_prefix(text, 80)));
}

Secret select_field(Secret text, const Key& key, std::string_view store) {
  if (key.field.empty()) return text;
  json::Value object;
  try {
    object = json::Value::parse(text.reveal());
  } catch (const Error&) {  // its message may quote what it found
  }
  if (!object.is_object()) {
    throw Error(Code::invalid_argument, "the secret " + key.path + " of " + std::string(store) +
                                            " is no JSON object, so it has no field " + key.field);
  }
  Secret found;
  bool usable = false;
  std::vector<std::string> names;
  for (auto& [name, value] : object.as_object()) {
    names.push_back(name);
    if (name == key.field && (value.is_string() || value.is_number() || value.is_boolean())) {
      std::string shown = value.is_string() ? value.as_string() : value.to_string();
      found = Secret::take(shown);
      usable = true;
    }
    if (value.is_string()) clear(const_cast<std::string&>(value.as_string()));
  }
  if (!usable) refuse_field(key, store, "has no field " + key.field + " with one value", names);
  return found;
}

std::string choose_field(const Key& key, const std::vector<std::string>& names, std::string_view store) {
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  if (!key.field.empty()) {
    if (has(key.field)) return key.field;
    refuse_field(key, store, "has no field " + key.field, names);
  }
  if (has("value")) return "value";
  if (names.size() == 1) return names.front();
  refuse_field(key, store, "has not exactly one field: say which, as " + key.path + "#FIELD", names);
}

}  // namespace marty::secrets
