#include "core/study/number_list.h"

#include "core/libtorch.h"

namespace talweg {

at::Tensor tensor_of(const std::vector<double>& numbers) {
  return at::tensor(at::ArrayRef<double>(numbers), at::kDouble);
}

std::vector<double> numbers_of(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {whole.const_data_ptr<double>(), whole.const_data_ptr<double>() + whole.numel()};
}

}  // namespace talweg
