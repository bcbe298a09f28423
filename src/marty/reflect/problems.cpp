#include "marty/reflect/problems.hpp"

#include <utility>

#include "marty/base/strings.hpp"

namespace marty {
namespace {

void append_step(std::string& out, const reflect::Path& path) {
  if (path.parent == nullptr) return;
  append_step(out, *path.parent);
  out += '/';
  if (path.index != reflect::Path::kNone) {
    out += std::to_string(path.index);
    return;
  }
  const std::string_view key = utf8_prefix(path.key, reflect::Path::kMaxKeyBytes);
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  if (key.size() != path.key.size()) out += "…";
}

}  // namespace

std::string reflect::Path::pointer() const {
  std::string out;
  append_step(out, *this);
  return out;
}

void Problems::add(std::string_view pointer, std::string message) {
  ++found_;
  if (!full()) keep(base_ + std::string(pointer), std::move(message));
}

void Problems::add(const reflect::Path& path, std::string message) {
  ++found_;
  if (!full()) keep(path.pointer(), std::move(message));
}

void Problems::keep(std::string pointer, std::string message) {
  bytes_ += pointer.size() + message.size();
  errors_.push_back({std::move(pointer), std::move(message)});
}

void Problems::set_base(const reflect::Path& path) { base_ = path.pointer(); }

}  // namespace marty
