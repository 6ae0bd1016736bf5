// Mail-boxes that reach each other by TCP, on this machine.
#include "core/agents/socket_mail_box.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "complaint.h"

namespace talweg::agents {
namespace {

/// An address whose port is free now.
AgentAddress free_address() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(socket, reinterpret_cast<sockaddr*>(&at), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(socket);
  return {"127.0.0.1", std::to_string(ntohs(at.sin_port))};
}

/// The newest snapshot of an agent once it is what is waited for, within some seconds.
bool comes(SocketMailBox& box, std::int64_t agent, const std::string& expected) {
  for (int i = 0; i < 2000; ++i) {
    if (box.newer(agent) == expected) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

TEST(SocketMailBox, BringsTheNewestAndSurvivesANeighbourThatGoesAndComes) {
  const std::vector<AgentAddress> addresses{free_address(), free_address(), free_address()};
  SocketMailBox first(addresses, 0);
  auto second = std::make_unique<SocketMailBox>(addresses, 1);
  EXPECT_FALSE(first.newer(1)) << "nobody has left anything";
  EXPECT_FALSE(first.newer(2)) << "who is not there keeps nobody waiting";
  const std::string large(3'000'000, 'x');  // more than a socket holds
  second->publish("one");
  EXPECT_TRUE(comes(first, 1, "one"));
  second->publish(large);
  second->publish("three");
  EXPECT_TRUE(comes(first, 1, "three"));
  EXPECT_FALSE(first.newer(1)) << "it is handed out once";
  second->publish(large);
  EXPECT_TRUE(comes(first, 1, large));
  second.reset();  // gone
  first.publish("goes on");
  second = std::make_unique<SocketMailBox>(addresses, 1);
  second->publish("back");
  EXPECT_TRUE(comes(first, 1, "back"));
  EXPECT_TRUE(comes(*second, 0, "goes on")) << "what was left before it came";
}

TEST(SocketMailBox, NamesAddressesThatAreNone) {
  EXPECT_EQ(parse_address("[::1]:80").host, "::1");
  for (const char* text : {"host", "host:", ":80", "host:0", "host:70000", "host:8o"})
    EXPECT_NE(testing::complaint([&] { parse_address(text); }).find("HOST:PORT"), std::string::npos) << text;
  const AgentAddress taken = free_address();
  SocketMailBox one({taken}, 0);
  EXPECT_NE(testing::complaint([&] { SocketMailBox({taken}, 0); }).find("free port"), std::string::npos);
}

}  // namespace
}  // namespace talweg::agents
