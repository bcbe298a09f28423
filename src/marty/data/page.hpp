// Page: one page of a list and the cursor of the next. A handler returns it as it is:
//
//   {"items": [...], "next_cursor": "AAZjcmVhdGVk..."}
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace marty::data {

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_cursor;  // nothing: this is the last page. Opaque, safe in URLs
};

}  // namespace marty::data

namespace marty {
using data::Page;
}
