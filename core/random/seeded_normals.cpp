#include "core/random/seeded_normals.h"

#include <ATen/Context.h>

#include "core/libtorch.h"

namespace talweg {

void fill_with_seeded_normals(const at::Tensor& tensor, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  at::Generator generator = at::globalContext().defaultGenerator(tensor.device()).clone();
  generator.set_current_seed(seed);
  tensor.normal_(0, 1, generator);
}

}  // namespace talweg
