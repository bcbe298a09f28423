#include "marty/tls/internal/ticket_keys.hpp"

#include <gtest/gtest.h>

namespace marty::tls::internal {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{std::chrono::hours(490'000)};

TEST(TicketKeys, live_for_twelve_hours) {
  TicketKeys keys;
  const auto first = keys.current(kStart);
  EXPECT_EQ(keys.current(kStart + 12h - 1us), first);
  EXPECT_NE(keys.current(kStart + 12h), first);
}

TEST(TicketKeys, open_what_they_sealed_for_twelve_more) {
  TicketKeys keys;
  const auto first = keys.current(kStart);
  const auto second = keys.current(kStart + 13h);
  EXPECT_EQ(keys.find(first->name.data(), kStart + 23h), first);
  EXPECT_EQ(keys.find(second->name.data(), kStart + 23h), second);
  EXPECT_EQ(keys.find(first->name.data(), kStart + 24h), nullptr);
  EXPECT_EQ(keys.find(second->name.data(), kStart + 24h), second);
}

TEST(TicketKeys, are_forgotten_where_nobody_came_for_long) {
  TicketKeys keys;
  const auto first = keys.current(kStart);
  EXPECT_EQ(keys.find(first->name.data(), kStart + 25h), nullptr);
}

TEST(TicketKeys, of_others_are_unknown) {
  TicketKeys keys, others;
  EXPECT_EQ(keys.find(others.current(kStart)->name.data(), kStart), nullptr);
}

}  // namespace
}  // namespace marty::tls::internal
