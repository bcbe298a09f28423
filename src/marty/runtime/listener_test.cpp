// How a listener ends without a reset for those who have connected.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/internal/test_world.hpp"
#include "marty/runtime/net.hpp"
#include "marty/runtime/simulation.hpp"

namespace marty::runtime {
namespace {

using internal::code_thrown_by;
using internal::in_world;
using namespace std::chrono_literals;

// Two clients are in the queue when it refuses others; both are served.
void refuse_and_empty(Listener& listener) {
  Socket first = connect(listener.local_address());
  Socket second = connect(listener.local_address());
  first.write({"a"});
  second.write({"b"});
  listener.refuse_new();
  std::string received;
  while (std::optional<Socket> peer = listener.try_accept()) {
    char byte = 0;
    EXPECT_EQ(peer->read_some({&byte, 1}), 1u);
    received += byte;
  }
  EXPECT_EQ(received, "ab");
  EXPECT_FALSE(listener.try_accept());
}

TEST(RefuseNew, lets_the_queue_of_a_port_be_served_and_nobody_else_in) {
  in_world([] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    const Address address = listener.local_address();
    refuse_and_empty(listener);
    {
      const DeadlineScope scope(20ms);  // it gets no answer: Linux repeats the question after a second
      EXPECT_EQ(code_thrown_by([&] { connect(address); }), Code::deadline_exceeded);
    }
    listener.close();
    EXPECT_EQ(code_thrown_by([&] { connect(address); }), Code::unavailable);
  });
}

TEST(RefuseNew, lets_the_queue_of_a_unix_socket_be_served_and_nobody_else_in) {
  in_world([] {
    Listener listener = listen(Address::parse("unix:/tmp/marty-refuse-new-" + std::to_string(getpid())));
    refuse_and_empty(listener);
    EXPECT_EQ(code_thrown_by([&] { connect(listener.local_address()); }), Code::unavailable);
    sleep_for(1ms);  // nobody accepts
    EXPECT_FALSE(listener.try_accept());
  });
}

TEST(RefuseNew, does_the_same_in_the_simulated_world) {
  SimulatedWorld().run([] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    refuse_and_empty(listener);
    EXPECT_EQ(code_thrown_by([&] { connect(listener.local_address()); }), Code::unavailable);
  });
}

TEST(HasInput, sees_what_no_event_has_told_of) {
  in_world([] {
    Listener listener = listen(Address::parse("127.0.0.1:0"));
    Socket client = connect(listener.local_address());
    Socket server = listener.accept();
    EXPECT_FALSE(server.has_input());
    client.write({"x"});  // this fiber has not waited: the loop has not looked
    char byte = 0;
    EXPECT_FALSE(server.try_read({&byte, 1}));
    EXPECT_TRUE(server.has_input());
    EXPECT_EQ(server.try_read({&byte, 1}), 1u);
    EXPECT_FALSE(server.has_input());
    client.close();
    EXPECT_TRUE(server.has_input()) << "the end";
  });
}

}  // namespace
}  // namespace marty::runtime
