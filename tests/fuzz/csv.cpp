#include "core/data/csv.h"

#include "target.h"

TALWEG_FUZZ_TARGET(csv) {
  talweg::data::parse_csv(bytes, "fuzz", {});
  talweg::data::CsvOptions options;
  options.header = talweg::data::CsvHeader::present;
  options.label = "first";
  talweg::data::parse_csv(bytes, "fuzz", options);
}
