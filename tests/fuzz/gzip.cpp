#include "core/files/read_file.h"

#include "target.h"

TALWEG_FUZZ_TARGET(gzip) {
  talweg::io::gunzip(bytes, "fuzz", 1 << 20);
}
