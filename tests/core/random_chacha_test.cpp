#include "core/random/chacha.h"

#include <gtest/gtest.h>

#include <set>

namespace talweg {
namespace {

TEST(ChaCha20, EqualsTheTestVectorOfItsStandard) {
  // RFC 8439, §2.3.2.
  ChaCha20::Key key{};
  for (std::uint32_t i = 0; i < 8; ++i) key[i] = (4 * i) | (4 * i + 1) << 8 | (4 * i + 2) << 16 | (4 * i + 3) << 24;
  ChaCha20 generator(key, {0x09000000, 0x4a000000, 0x00000000}, 1);
  const std::array<std::uint32_t, 16> expected = {
      0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
      0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  EXPECT_EQ(generator.block(), expected);
  EXPECT_NE(generator.block(), expected) << "the counter advances";
}

TEST(ChaCha20, TheSystemSeedsEveryGeneratorAnew) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 8; ++i) {
    ChaCha20 generator = ChaCha20::from_system();
    for (int k = 0; k < 20; ++k) seen.insert(generator.next());
  }
  EXPECT_EQ(seen.size(), 160u);
}

}  // namespace
}  // namespace talweg
