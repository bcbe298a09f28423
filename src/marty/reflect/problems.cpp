#include "marty/reflect/problems.hpp"

#include <utility>

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
  for (const char c : path.key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string reflect::Path::pointer() const {
  std::string out;
  append_step(out, *this);
  return out;
}

void Problems::add(std::string_view pointer, std::string message) {
  if (full()) return;
  errors_.push_back({base_ + std::string(pointer), std::move(message)});
}

void Problems::add(const reflect::Path& path, std::string message) {
  if (full()) return;
  errors_.push_back({path.pointer(), std::move(message)});
}

void Problems::set_base(const reflect::Path& path) { base_ = path.pointer(); }

}  // namespace marty
