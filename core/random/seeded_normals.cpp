#include "core/random/seeded_normals.h"

#include <ATen/Parallel.h>

#include "core/device/generators.h"
#include "core/libtorch.h"
#include "core/random/normal_kernel.h"

namespace talweg {
namespace {

bool suits_kernel(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous();
}

/// `base` may be null.
void run_kernel(const float* base, double scale, std::uint64_t seed, const at::Tensor& to) {
  constexpr std::int64_t kBlocksOfAThread = 512;
  auto* target = to.mutable_data_ptr<float>();
  const std::int64_t count = to.numel();
  at::parallel_for(0, (count + kNormalBlock - 1) / kNormalBlock, kBlocksOfAThread,
                   [&](std::int64_t first, std::int64_t last) {
                     place_normals(base, static_cast<float>(scale), seed, first * kNormalBlock,
                                   std::min(last * kNormalBlock, count), target);
                   });
}

}  // namespace

void fill_with_seeded_normals(const at::Tensor& tensor, std::uint64_t seed, double deviation) {
  torch::NoGradGuard no_grad;
  if (suits_kernel(tensor)) {
    run_kernel(nullptr, deviation, seed, tensor);
    tensor.unsafeGetTensorImpl()->bump_version();
    return;
  }
  tensor.normal_(0, deviation, seeded_generator(tensor.device(), seed));
}

at::Tensor seeded_normals(at::IntArrayRef sizes, std::uint64_t seed) {
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

void place_seeded_normals(const at::Tensor& base, double scale, std::uint64_t seed, const at::Tensor& to) {
  torch::NoGradGuard no_grad;
  if (suits_kernel(base) && suits_kernel(to)) {
    run_kernel(base.const_data_ptr<float>(), scale, seed, to);
    to.unsafeGetTensorImpl()->bump_version();
    return;
  }
  const at::Tensor normals = to.is_same(base) ? at::empty_like(to) : to;
  fill_with_seeded_normals(normals, seed);
  at::Tensor result = to;
  at::add_out(result, base, normals, scale);
}

}  // namespace talweg
