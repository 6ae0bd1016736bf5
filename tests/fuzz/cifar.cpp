#include "core/data/cifar.h"

#include "target.h"

TALWEG_FUZZ_TARGET(cifar) {
  using talweg::data::CifarLabels;
  for (const auto labels : {CifarLabels::ten, CifarLabels::hundred_coarse, CifarLabels::hundred_fine})
    if (bytes.size() % 2 == static_cast<std::size_t>(labels == CifarLabels::ten))
      talweg::data::parse_cifar(bytes, "fuzz", labels);
}
