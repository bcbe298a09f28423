#include "marty/data/internal/storage.hpp"

#include "marty/base/bytes.hpp"
#include "marty/base/decimal.hpp"
#include "marty/base/time.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::data::internal {
namespace {

constexpr std::size_t kFractionDigits = 6;  // microseconds, which is what Timestamp holds

}  // namespace

bool is_timestamp(const reflect::Type& type) { return &type == &reflect::type_of<Timestamp>(); }
bool is_bytes(const reflect::Type& type) { return &type == &reflect::type_of<Bytes>(); }
bool is_decimal(const reflect::Type& type) { return &type == &reflect::type_of<Decimal>(); }

void pad_timestamp(std::string& text) {
  text.pop_back();  // the Z
  auto point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
    text += '.';
  }
  text.append(kFractionDigits - (text.size() - point - 1), '0');
  text += 'Z';
}

Blob blob_of(const void* bytes) {
  const std::string_view content = static_cast<const Bytes*>(bytes)->view();
  return {reinterpret_cast<const std::byte*>(content.data()), content.size()};
}

void assign_bytes(void* bytes, Blob blob) {
  *static_cast<Bytes*>(bytes) = Bytes(std::string_view(reinterpret_cast<const char*>(blob.data()), blob.size()));
}

}  // namespace marty::data::internal
