// A form, whole in memory: what Form<T> and Upload<"name"> of one request share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "marty/http/message.hpp"
#include "marty/web/parameters.hpp"

namespace marty::web::internal {

struct ParsedForm {
  struct Field {
    std::string name;
    std::string value;
    bool valid;  // encoded rightly
  };
  std::vector<Field> fields;
  std::vector<std::pair<std::string, File>> files;  // that were chosen: browsers send an empty part for none
};

// Reads the body as its Content-Type says. Throws Error: with status 415 where it is no form, with 413 where all parts
// together, names included, are larger than max_bytes or more than a thousand, invalid_argument where it is malformed.
ParsedForm read_form(http::Request& request, std::size_t max_bytes);

}  // namespace marty::web::internal
