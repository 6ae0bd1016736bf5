#include "core/agents/socket_mail_box.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/error.h"

namespace talweg::agents {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kBetweenAttempts = std::chrono::milliseconds(250);
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 34;  // of a snapshot, before one's own is known
constexpr std::size_t kChunk = 1 << 18;

/// A descriptor that is closed at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const AgentAddress& address, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list) != 0) list = nullptr;
  return {list, &::freeaddrinfo};
}

Descriptor make_socket(const addrinfo& at) {
  return Descriptor(::socket(at.ai_family, at.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at.ai_protocol));
}

/// A peer that vanished without a word is noticed within about fifteen seconds.
void notice_silence(int socket) {
  const int on = 1, idle = 5, interval = 3, count = 3, unanswered = 15000;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Descriptor listen_at(const AgentAddress& address) {
  const AddressList list = resolve(address, AI_PASSIVE);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = list.get(); at; at = at->ai_next) {
    Descriptor socket = make_socket(*at);
    const int on = 1;
    if (socket.is_open()) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (socket.is_open() && ::bind(socket.get(), at->ai_addr, at->ai_addrlen) == 0 && ::listen(socket.get(), 64) == 0)
      return socket;
    error = errno;
  }
  throw SystemError(
      fmt::format("cannot listen at {}:{} for the other agents: {}; 'agents.addresses' must give this "
                  "agent an address of this machine and a free port",
                  address.host, address.port, std::strerror(error)));
}

/// A neighbour that this agent listens to: length (uint64), bytes, length, bytes, …
struct Incoming {
  AgentAddress address;
  Descriptor socket;
  bool connecting = false;
  Clock::time_point next_attempt{};
  std::string header, body;
  std::uint64_t length = 0;
  bool in_body = false;

  void forget() {
    socket.close();
    connecting = in_body = false;
    header.clear();
    body.clear();
    next_attempt = Clock::now() + kBetweenAttempts;
  }
};

/// Someone who is connected to this agent, and what is on its way there.
struct Outgoing {
  Descriptor socket;
  std::shared_ptr<const std::string> message;
  std::size_t sent = 0;
  std::uint64_t version = 0;  // of the message, or of the last that was sent whole
};

}  // namespace

AgentAddress parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  AgentAddress address;
  if (colon != std::string::npos) address = {text.substr(0, colon), text.substr(colon + 1)};
  if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']')
    address.host = address.host.substr(1, address.host.size() - 2);
  const bool is_port =
      !address.port.empty() && address.port.size() <= 5 &&
      std::all_of(address.port.begin(), address.port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
      std::stoi(address.port) >= 1 && std::stoi(address.port) <= 65535;
  if (address.host.empty() || !is_port)
    throw ConfigError(fmt::format("agents.addresses: '{}' is no address; it is HOST:PORT", text));
  return address;
}

class SocketMailBox::Network {
 public:
  Network(const std::vector<AgentAddress>& addresses, std::int64_t own)
      : listener_(listen_at(addresses.at(static_cast<std::size_t>(own)))),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      incoming_.emplace_back();
      incoming_.back().address = addresses[i];
    }
    wanted_.resize(addresses.size(), false);
    thread_ = std::thread([this] { serve(); });
  }
  ~Network() {
    stop_ = true;
    wake();
    thread_.join();
  }

  void publish(std::string_view snapshot) {
    auto message = std::make_shared<std::string>();
    const std::uint64_t length = snapshot.size();
    message->append(reinterpret_cast<const char*>(&length), sizeof length);
    message->append(snapshot);
    {
      const std::lock_guard lock(mutex_);
      newest_ = std::move(message);
      ++version_;
      most_bytes_ = 2 * length + (1 << 20);
    }
    wake();
  }

  std::optional<std::string> newer(std::int64_t agent) {
    std::optional<std::string> taken;
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      const auto place = static_cast<std::size_t>(agent);
      first = !wanted_[place];
      wanted_[place] = true;
      if (const auto found = arrived_.find(agent); found != arrived_.end()) {
        taken = std::move(found->second);
        arrived_.erase(found);
      }
    }
    if (first) wake();
    return taken;
  }

 private:
  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }

  void serve() {
    while (!stop_) {
      connect_to_the_missing();
      offer_the_newest();
      std::vector<pollfd> watched{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      for (const Incoming& peer : incoming_)
        watched.push_back({peer.socket.get(), static_cast<short>(peer.connecting ? POLLOUT : POLLIN), 0});
      for (const Outgoing& peer : outgoing_)
        watched.push_back({peer.socket.get(), static_cast<short>(peer.message ? POLLIN | POLLOUT : POLLIN), 0});
      ::poll(watched.data(), watched.size(), static_cast<int>(kBetweenAttempts.count()));
      std::uint64_t drained = 0;
      while (::read(wake_.get(), &drained, sizeof drained) > 0) {
      }
      std::size_t place = 2;
      for (std::size_t i = 0; i < incoming_.size(); ++i, ++place)
        if (watched[place].revents) receive(static_cast<std::int64_t>(i));
      for (Outgoing& peer : outgoing_)
        if (watched[place++].revents) send(peer);
      std::erase_if(outgoing_, [](const Outgoing& peer) { return !peer.socket.is_open(); });
      if (watched[0].revents) accept();
    }
  }

  void connect_to_the_missing() {
    for (std::size_t i = 0; i < incoming_.size(); ++i) {
      Incoming& peer = incoming_[i];
      {
        const std::lock_guard lock(mutex_);
        if (!wanted_[i]) continue;
      }
      if (peer.socket.is_open() || Clock::now() < peer.next_attempt) continue;
      peer.forget();
      const AddressList list = resolve(peer.address, 0);
      if (!list) continue;
      Descriptor socket = make_socket(*list);
      if (!socket.is_open()) continue;
      notice_silence(socket.get());
      if (::connect(socket.get(), list->ai_addr, list->ai_addrlen) != 0 && errno != EINPROGRESS) continue;
      peer.socket = std::move(socket);
      peer.connecting = true;
    }
  }

  void accept() {
    for (;;) {
      Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.is_open()) return;
      notice_silence(socket.get());
      outgoing_.push_back({std::move(socket), nullptr, 0, 0});
    }
  }

  void offer_the_newest() {
    const std::lock_guard lock(mutex_);
    for (Outgoing& peer : outgoing_)
      if (!peer.message && newest_ && peer.version != version_) peer = {std::move(peer.socket), newest_, 0, version_};
  }

  static void send(Outgoing& peer) {
    char ignored[64];
    const ssize_t heard = ::recv(peer.socket.get(), ignored, sizeof ignored, 0);
    if (heard == 0 || (heard < 0 && errno != EAGAIN && errno != EINTR)) return peer.socket.close();
    while (peer.message) {
      const std::size_t left = peer.message->size() - peer.sent;
      const ssize_t sent = ::send(peer.socket.get(), peer.message->data() + peer.sent, left, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) peer.socket.close();
        return;
      }
      peer.sent += static_cast<std::size_t>(sent);
      if (peer.sent == peer.message->size()) peer.message.reset();
    }
  }

  void receive(std::int64_t agent) {
    Incoming& peer = incoming_[static_cast<std::size_t>(agent)];
    if (peer.connecting) {
      int error = 0;
      socklen_t size = sizeof error;
      if (::getsockopt(peer.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return peer.forget();
      peer.connecting = false;
      return;
    }
    std::uint64_t most = 0;
    {
      const std::lock_guard lock(mutex_);
      most = most_bytes_;
    }
    for (;;) {
      std::string& part = peer.in_body ? peer.body : peer.header;
      const std::uint64_t wanted = peer.in_body ? peer.length : sizeof peer.length;
      const std::size_t had = part.size(), chunk = std::min<std::uint64_t>(wanted - had, kChunk);
      part.resize(had + chunk);
      const ssize_t got = ::recv(peer.socket.get(), part.data() + had, chunk, 0);
      part.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return peer.forget();
      if (got < 0) return;
      if (part.size() < wanted) continue;
      if (!peer.in_body) {
        std::memcpy(&peer.length, peer.header.data(), sizeof peer.length);
        peer.header.clear();
        if (peer.length == 0 || peer.length > most) return peer.forget();
        peer.in_body = true;
        continue;
      }
      peer.in_body = false;
      const std::lock_guard lock(mutex_);
      arrived_[agent] = std::exchange(peer.body, {});
    }
  }

  Descriptor listener_, wake_;
  std::vector<Incoming> incoming_;  // by agent; those that nobody asked for are not connected to
  std::vector<Outgoing> outgoing_;

  std::mutex mutex_;  // of what follows
  std::vector<bool> wanted_;
  std::shared_ptr<const std::string> newest_;
  std::uint64_t version_ = 0, most_bytes_ = kMostBytes;
  std::map<std::int64_t, std::string> arrived_;

  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

SocketMailBox::SocketMailBox(const std::vector<AgentAddress>& addresses, std::int64_t own)
    : network_(std::make_unique<Network>(addresses, own)) {}
SocketMailBox::~SocketMailBox() = default;

void SocketMailBox::publish(std::string_view snapshot) {
  network_->publish(snapshot);
}

std::optional<std::string> SocketMailBox::newer(std::int64_t agent) {
  return network_->newer(agent);
}

}  // namespace talweg::agents
