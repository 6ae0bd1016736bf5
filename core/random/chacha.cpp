#include "core/random/chacha.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace talweg {
namespace {

void quarter_round(std::array<std::uint32_t, 16>& x, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = std::rotl(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = std::rotl(x[b] ^ x[c], 7);
}

}  // namespace

ChaCha20::ChaCha20(const Key& key, const Nonce& nonce, std::uint32_t counter)
    : state_{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574} {  // "expand 32-byte k"
  for (std::size_t i = 0; i < key.size(); ++i) state_[4 + i] = key[i];
  state_[12] = counter;
  for (std::size_t i = 0; i < nonce.size(); ++i) state_[13 + i] = nonce[i];
}

ChaCha20 ChaCha20::from_system() {
  std::array<std::uint32_t, 11> seed{};
  auto* bytes = reinterpret_cast<std::uint8_t*>(seed.data());
  for (std::size_t have = 0; have < sizeof(seed);) {
    const ssize_t got = getrandom(bytes + have, sizeof(seed) - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw SystemError(std::string("the system gives no random numbers: ") + std::strerror(errno));
    have += static_cast<std::size_t>(got);
  }
  Key key{};
  Nonce nonce{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = seed[i];
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = seed[key.size() + i];
  return {key, nonce};
}

std::array<std::uint32_t, 16> ChaCha20::block() {
  std::array<std::uint32_t, 16> x = state_;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 4; ++i) quarter_round(x, i, 4 + i, 8 + i, 12 + i);
    for (std::size_t i = 0; i < 4; ++i) quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
  }
  for (std::size_t i = 0; i < 16; ++i) x[i] += state_[i];
  if (++state_[12] == 0) ++state_[13];
  return x;
}

std::uint64_t ChaCha20::next() {
  if (used_ == block_.size()) {
    block_ = block();
    used_ = 0;
  }
  const std::uint64_t low = block_[used_], high = block_[used_ + 1];
  used_ += 2;
  return high << 32 | low;
}

}  // namespace talweg
