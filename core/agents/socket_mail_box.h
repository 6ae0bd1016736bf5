#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/agents/mail_box.h"

namespace talweg::agents {

/// Where an agent can be reached.
struct AgentAddress {
  std::string host;  ///< a name or a number
  std::string port;
};
/// "HOST:PORT", of IPv6 "[HOST]:PORT". Throws ConfigError.
AgentAddress parse_address(const std::string& text);

/// Mail-boxes that reach each other by TCP. Every agent listens at its own address and sends what it left last to
/// whoever is connected; it connects to its neighbours, again and again where they are away. All that happens on a
/// thread of its own and with sockets that never block, so that neither a neighbour that is killed nor one that hangs,
/// nor a network that is cut, delays anybody. While a snapshot is on its way to a slow neighbour newer ones take each
/// other's place. Nothing is encrypted, and whoever reaches the port can read: it is for networks that are trusted.
class SocketMailBox : public MailBox {
 public:
  /// `addresses`: of all agents. Throws SystemError where the own one cannot be listened at.
  SocketMailBox(const std::vector<AgentAddress>& addresses, std::int64_t own);
  ~SocketMailBox() override;
  SocketMailBox(const SocketMailBox&) = delete;
  SocketMailBox& operator=(const SocketMailBox&) = delete;

  void publish(std::string_view snapshot) override;
  std::optional<std::string> newer(std::int64_t agent) override;

 private:
  class Network;
  std::unique_ptr<Network> network_;
};

}  // namespace talweg::agents
