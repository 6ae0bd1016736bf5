#include "tasks/mean_field/tensor_polynomial.h"

#include "core/libtorch.h"

namespace talweg::tasks {

at::Tensor tensor_polynomial(const std::vector<double>& coefficients, const at::Tensor& x) {
  at::Tensor sum = at::full_like(x, coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

}  // namespace talweg::tasks
