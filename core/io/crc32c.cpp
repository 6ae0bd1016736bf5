#include "core/io/crc32c.h"

#include <array>
#include <cstring>

namespace talweg::io {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82F63B78u : 0u);
    table[byte] = remainder;
  }
  return table;
}

constexpr auto table = make_table();

uint32_t update_by_table(uint32_t remainder, std::string_view bytes) {
  for (char c : bytes) remainder = remainder >> 8 ^ table[(remainder ^ static_cast<unsigned char>(c)) & 0xFFu];
  return remainder;
}

#if defined(__x86_64__) && defined(__GNUC__)
/// The processor's own instruction, eight bytes at a time: checkpoints are large.
__attribute__((target("sse4.2"))) uint32_t update_by_instruction(uint32_t remainder, std::string_view bytes) {
  uint64_t wide = remainder;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    unsigned long long word;
    std::memcpy(&word, bytes.data(), 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  return update_by_table(static_cast<uint32_t>(wide), bytes);
}
const bool has_instruction = __builtin_cpu_supports("sse4.2");
#else
constexpr bool has_instruction = false;
uint32_t update_by_instruction(uint32_t remainder, std::string_view bytes) {
  return update_by_table(remainder, bytes);
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t previous) {
  return has_instruction ? ~update_by_instruction(~previous, bytes) : ~update_by_table(~previous, bytes);
}

}  // namespace talweg::io
