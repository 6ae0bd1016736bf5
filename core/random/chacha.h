#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace talweg {

/// The stream cipher ChaCha20 as a generator of random bits that cannot be predicted from earlier ones.
/// Source: RFC 8439, §2.3 (block function; 32-bit counter, 96-bit nonce).
class ChaCha20 {
 public:
  using Key = std::array<std::uint32_t, 8>;
  using Nonce = std::array<std::uint32_t, 3>;

  ChaCha20(const Key& key, const Nonce& nonce, std::uint32_t counter = 0);
  /// With key and nonce from the operating system. Throws SystemError when it has no randomness to give.
  static ChaCha20 from_system();

  std::uint64_t next();
  /// The next block of 16 words, and the counter advances. A nonce gives 2³² blocks; then the nonce advances.
  std::array<std::uint32_t, 16> block();

 private:
  std::array<std::uint32_t, 16> state_;
  std::array<std::uint32_t, 16> block_{};
  std::size_t used_ = 16;
};

}  // namespace talweg
