#include "marty/base/error.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace marty {
namespace {

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
