// ChunkExtensions: what stands behind the size of a chunk, byte by byte, strictly (RFC 9112 section 7.1.1):
//
//   chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//
// A server that lets pass here what another one reads as the end of the line takes another body than that one.
#pragma once

#include <cstdint>

#include "marty/http/internal/characters.hpp"

namespace marty::http::internal {

class ChunkExtensions {
 public:
  void reset() noexcept { state_ = State::complete; }
  bool may_end() const noexcept { return state_ == State::complete || state_ == State::name || state_ == State::value; }
  // False: the byte cannot stand here.
  bool take(char c) noexcept {
    switch (state_) {
      case State::complete:
      case State::behind:
        return go_on(c, State::behind, false);
      case State::before_name:
        return is_blank(c) || go(is_in_class(c, kToken), State::name);
      case State::name:
        return is_in_class(c, kToken) || go_on(c, State::behind_name, true);
      case State::behind_name:
        return go_on(c, State::behind_name, true);
      case State::before_value:
        if (c == '"') return go(true, State::quoted);
        return is_blank(c) || go(is_in_class(c, kToken), State::value);
      case State::value:
        return is_in_class(c, kToken) || go_on(c, State::behind, false);
      case State::quoted:
        if (c == '"') return go(true, State::complete);
        if (c == '\\') return go(true, State::escaped);
        return is_in_class(c, kFieldByte);
      case State::escaped:
        return go(is_in_class(c, kFieldByte), State::quoted);
    }
    return false;
  }

 private:
  // "behind": blanks have come, so that another extension has to; "behind_name": or its value.
  enum class State : std::uint8_t {
    complete,
    behind,
    before_name,
    name,
    behind_name,
    before_value,
    value,
    quoted,
    escaped
  };

  bool go(bool well, State next) noexcept {
    state_ = next;
    return well;
  }
  bool go_on(char c, State behind_blanks, bool may_have_value) noexcept {
    if (is_blank(c)) return go(true, behind_blanks);
    if (c == '=' && may_have_value) return go(true, State::before_value);
    return go(c == ';', State::before_name);
  }

  State state_ = State::complete;
};

}  // namespace marty::http::internal
