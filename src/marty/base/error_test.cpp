#include "marty/base/error.hpp"

#include <gtest/gtest.h>

namespace marty {
namespace {

TEST(Error, what_a_caller_asks_too_much_of_is_429_and_said_to_it) {
  const Error error(Code::resource_exhausted, "at most 10 orders an hour");
  EXPECT_EQ(error.http_status(), 429);
  EXPECT_TRUE(error.is_for_callers());
}

TEST(Error, what_the_service_has_run_out_of_is_its_own_failure_and_stays_in_the_log) {
  const Error error = Error::exhausted("no thread is free");
  EXPECT_EQ(error.code(), Code::resource_exhausted);
  EXPECT_EQ(error.http_status(), 503);
  EXPECT_FALSE(error.is_for_callers());
  EXPECT_EQ(error.with_http_status(507).http_status(), 507);
  EXPECT_FALSE(error.with_http_status(507).is_for_callers());
  EXPECT_TRUE(error.for_callers().is_for_callers());
}

TEST(Error, callers_may_read_what_is_not_implemented_but_nothing_else_from_500_on) {
  EXPECT_TRUE(Error(Code::unimplemented, "no such coding").is_for_callers());
  EXPECT_FALSE(Error(Code::internal, "no such column: age").is_for_callers());
  EXPECT_FALSE(Error(Code::aborted, "locked").with_http_status(503).is_for_callers());
}

TEST(Error, with_message_keeps_the_status_and_has_the_error_as_its_cause) {
  const Error error = Error::exhausted("disk full").with_http_status(507).with_message("cannot save the order");
  EXPECT_EQ(error.code(), Code::resource_exhausted);
  EXPECT_EQ(error.http_status(), 507);
  EXPECT_EQ(error.message(), "cannot save the order");
  EXPECT_EQ(describe(std::make_exception_ptr(error)),
            "resource_exhausted: cannot save the order: resource_exhausted: disk full");
}

}  // namespace
}  // namespace marty
