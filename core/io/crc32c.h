#pragma once

#include <cstdint>
#include <string_view>

namespace talweg::io {

/// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected), as in RFC 3720 §12.1;
/// crc32c("123456789") = 0xE3069283. `previous` continues the sum of the bytes before these.
uint32_t crc32c(std::string_view bytes, uint32_t previous = 0);

}  // namespace talweg::io
