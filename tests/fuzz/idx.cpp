#include "core/data/idx.h"

#include "target.h"

TALWEG_FUZZ_TARGET(idx) {
  const at::Tensor tensor = talweg::data::parse_idx(bytes, "fuzz");
  if (tensor.dim() > 1) talweg::data::combine_idx(tensor, tensor.flatten(1).select(1, 0), "fuzz");
}
