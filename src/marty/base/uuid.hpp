// Uuid: 128 bits that name one thing (RFC 9562); Id<Tag>: a Uuid that names one kind of thing.
//
//   using PetId = marty::Id<struct Pet>;               // a PetId is no OwnerId
//   PetId id = PetId(Uuid::v7(unix_ms, random));       // runtime::new_id() has the clock and the randomness
//   id.to_string();                                    // "018f4e6e-4a5b-7c1d-8e2f-0123456789ab"
//
// Plain values: 16 bytes, compared as such, so that version 7 sorts by time. Outside they are text: JSON strings, path
// segments, SQL columns.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "marty/base/text.hpp"

namespace marty {

class Uuid {
 public:
  constexpr Uuid() = default;  // nil: all zero
  constexpr explicit Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  // The 8-4-4-4-12 form, hexadecimal digits of either case; nothing for anything else.
  static std::optional<Uuid> parse(std::string_view text);

  // Version 7 (RFC 9562 section 5.7): 48 bits of milliseconds since 1970, then 74 random bits out of `random`.
  static Uuid v7(std::uint64_t unix_ms, const std::array<std::uint8_t, 10>& random);

  std::string to_string() const;  // lower case
  void append_to(std::string& out) const;

  bool is_nil() const { return *this == Uuid(); }
  int version() const { return bytes_[6] >> 4; }
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  auto operator<=>(const Uuid&) const = default;
  bool operator==(const Uuid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// Tag is any type, which need not be complete; it is never used but to tell ids apart.
template <class Tag>
class Id {
 public:
  constexpr Id() = default;  // nil
  constexpr explicit Id(const Uuid& uuid) : uuid_(uuid) {}

  static std::optional<Id> parse(std::string_view text) {
    const std::optional<Uuid> uuid = Uuid::parse(text);
    return uuid ? std::optional(Id(*uuid)) : std::nullopt;
  }

  std::string to_string() const { return uuid_.to_string(); }
  const Uuid& uuid() const { return uuid_; }
  bool is_nil() const { return uuid_.is_nil(); }

  auto operator<=>(const Id&) const = default;
  bool operator==(const Id&) const = default;

 private:
  Uuid uuid_;
};

template <>
struct Text<Uuid> {
  static constexpr std::string_view format = "uuid";
  static constexpr std::string_view expected = "a UUID such as 018f4e6e-4a5b-7c1d-8e2f-0123456789ab";
  static constexpr bool plain = true;
  static void append(std::string& out, const Uuid& uuid) { uuid.append_to(out); }
  static bool parse(std::string_view text, Uuid& uuid);
};

template <class Tag>
struct Text<Id<Tag>> {
  static constexpr std::string_view format = Text<Uuid>::format;
  static constexpr std::string_view expected = Text<Uuid>::expected;
  static constexpr bool plain = true;
  static void append(std::string& out, const Id<Tag>& id) { id.uuid().append_to(out); }
  static bool parse(std::string_view text, Id<Tag>& id) {
    Uuid uuid;
    if (!Text<Uuid>::parse(text, uuid)) return false;
    id = Id<Tag>(uuid);
    return true;
  }
};

}  // namespace marty

template <>
struct std::hash<marty::Uuid> {
  std::size_t operator()(const marty::Uuid& uuid) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, uuid.bytes().data(), sizeof halves);
    return static_cast<std::size_t>((halves[0] ^ halves[1]) * 0x9E3779B97F4A7C15u);
  }
};

template <class Tag>
struct std::hash<marty::Id<Tag>> {
  std::size_t operator()(const marty::Id<Tag>& id) const noexcept { return std::hash<marty::Uuid>()(id.uuid()); }
};
