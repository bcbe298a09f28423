#include "marty/base/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

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

std::exception_ptr pointer_to(const auto& exception) { return std::make_exception_ptr(exception); }

TEST(Describe, tells_the_causes) {
  const Error cause(Code::unavailable, "cannot connect to 10.0.0.7:5432");
  EXPECT_EQ(describe(pointer_to(Error(Code::internal, "cannot open the pool", pointer_to(cause)))),
            "internal: cannot open the pool: unavailable: cannot connect to 10.0.0.7:5432");
  EXPECT_EQ(describe(pointer_to(Error(Code::internal, "no pool", pointer_to(7)))),
            "internal: no pool: an exception that is not a std::exception");
}

TEST(Describe, does_not_say_twice_what_is_passed_on) {
  const Error refused(Code::unavailable, "cannot connect to 10.0.0.7:80: Connection refused",
                      pointer_to(std::runtime_error("errno 111")));
  const Error passed_on(Code::unavailable, refused.message(), pointer_to(refused));
  const Error told(Code::unavailable, "GET http://shop: " + refused.message(), pointer_to(passed_on));
  EXPECT_EQ(describe(pointer_to(told)),
            "unavailable: GET http://shop: cannot connect to 10.0.0.7:80: Connection refused: errno 111");
}

}  // namespace
}  // namespace marty
