#include "core/data/bundled.h"

#include <string_view>

#include "core/data/csv.h"
#include "core/files/read_file.h"
#include "core/libtorch.h"

// The files travel inside the library, so that training works from any folder and after installation.
#define TALWEG_EMBED(symbol, file)                                         \
  __asm__(                                                                 \
      ".section .rodata\n"                                                 \
      ".global talweg_" #symbol "_begin\n.global talweg_" #symbol          \
      "_end\n"                                                             \
      "talweg_" #symbol "_begin:\n.incbin \"" TALWEG_BUNDLED_DATA "/" file \
      "\"\n"                                                               \
      "talweg_" #symbol "_end:\n.byte 0\n.previous\n");                    \
  extern "C" const char talweg_##symbol##_begin[];                         \
  extern "C" const char talweg_##symbol##_end[];

TALWEG_EMBED(digits, "digits.csv.gz")
TALWEG_EMBED(breast_cancer, "breast_cancer.csv")

namespace talweg::data {

LabelledData digits() {
  const std::string_view packed(talweg_digits_begin, static_cast<std::size_t>(talweg_digits_end - talweg_digits_begin));
  LabelledData data = parse_csv(io::gunzip(packed, "digits"), "digits", {});
  data.inputs = (data.inputs / 16).view({-1, 1, 8, 8});
  return data;
}

LabelledData breast_cancer() {
  const std::string_view text(talweg_breast_cancer_begin,
                              static_cast<std::size_t>(talweg_breast_cancer_end - talweg_breast_cancer_begin));
  CsvOptions options;
  options.skip_lines = 1;  // "569,30,malignant,benign"
  options.header = CsvHeader::absent;
  LabelledData data = parse_csv(text, "breast_cancer", options);
  data.class_names = {"malignant", "benign"};
  return data;
}

}  // namespace talweg::data
