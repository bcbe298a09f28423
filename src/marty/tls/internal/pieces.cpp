#include "marty/tls/internal/pieces.hpp"

#include <algorithm>

namespace marty::tls::internal {

Pieces::Pieces(std::span<const std::string_view> parts, std::size_t skip) : rest_(parts), left_(size_of(parts) - skip) {
  while (!rest_.empty() && skip >= rest_.front().size()) {
    skip -= rest_.front().size();
    rest_ = rest_.subspan(1);
  }
  if (rest_.empty()) return;
  part_ = rest_.front().substr(skip);
  rest_ = rest_.subspan(1);
}

std::string_view Pieces::take(std::size_t bytes) noexcept {
  const std::string_view taken = part_.substr(0, bytes);
  part_.remove_prefix(taken.size());
  left_ -= taken.size();
  return taken;
}

std::string_view Pieces::next() {
  const std::size_t size = std::min(left_, kRecordBytes);
  joined_.clear();
  for (;;) {
    while (part_.empty() && !rest_.empty()) {
      part_ = rest_.front();
      rest_ = rest_.subspan(1);
    }
    if (joined_.empty() && part_.size() >= size) return take(size);
    joined_.reserve(size);
    joined_ += take(size - joined_.size());
    if (joined_.size() == size) return joined_;
  }
}

}  // namespace marty::tls::internal
