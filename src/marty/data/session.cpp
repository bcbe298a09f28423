#include "marty/data/session.hpp"

#include <string>

#include "marty/base/error.hpp"

namespace marty::data {

void Session::throw_several_rows(const Statement& statement) {
  throw Error(Code::failed_precondition,
              "query_one(): more than one row; add a condition or `limit 1`: " + std::string(statement.text));
}

}  // namespace marty::data
