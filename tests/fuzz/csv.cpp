#include "core/data/csv.h"

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    talweg::data::parse_csv(bytes, "fuzz", {});
    talweg::data::CsvOptions options;
    options.header = talweg::data::CsvHeader::present;
    options.label = "first";
    talweg::data::parse_csv(bytes, "fuzz", options);
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
