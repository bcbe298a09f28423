// How the types that need a special form are stored: Timestamp, Bytes and Decimal.
#pragma once

#include <string>

#include "marty/data/value.hpp"
#include "marty/reflect/type.hpp"

namespace marty::data::internal {

bool is_timestamp(const reflect::Type& type);
bool is_bytes(const reflect::Type& type);
bool is_decimal(const reflect::Type& type);

// "2026-01-01T00:00:00.5Z" -> "2026-01-01T00:00:00.500000Z": of one length, text order is time order.
void pad_timestamp(std::string& text);

// REQUIRE an object of type Bytes.
Blob blob_of(const void* bytes);
void assign_bytes(void* bytes, Blob blob);

}  // namespace marty::data::internal
