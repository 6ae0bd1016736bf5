#include "core/data/libsvm.h"

#include "target.h"

TALWEG_FUZZ_TARGET(libsvm) {
  talweg::data::parse_libsvm(bytes, "fuzz", {0, 1 << 20});
}
