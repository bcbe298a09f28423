// The collation `decimal`: texts such as -12.50 in the order of their values, exactly, without rounding to a double.
#pragma once

namespace marty::sqlite::internal {

// For sqlite3_create_collation_v2. Texts that are no decimals come after all decimals, in byte order.
int compare_decimals(void* unused, int left_size, const void* left, int right_size, const void* right) noexcept;

}  // namespace marty::sqlite::internal
