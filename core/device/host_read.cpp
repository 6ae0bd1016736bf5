#include "core/device/host_read.h"

#include <ATen/record_function.h>

#include "core/libtorch.h"

namespace talweg {

std::vector<double> host_read(const at::Tensor& tensor) {
  RECORD_USER_SCOPE("talweg::host_read");
  const at::Tensor numbers = tensor.detach().to(at::kDouble).cpu().contiguous();
  return {numbers.const_data_ptr<double>(), numbers.const_data_ptr<double>() + numbers.numel()};
}

}  // namespace talweg
