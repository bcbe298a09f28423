#include "marty/data/session.hpp"

#include "marty/data/statement_error.hpp"

namespace marty::data {

void Session::throw_several_rows(const Statement& statement) {
  throw statement_error(Code::failed_precondition, "query_one(): more than one row; add a condition or `limit 1`",
                        statement.text);
}

}  // namespace marty::data
