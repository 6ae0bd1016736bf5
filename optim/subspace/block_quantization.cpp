#include "optim/subspace/block_quantization.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"

namespace talweg::optim {

at::Tensor dynamic_code(QuantizationCode code) {
  // An exponent of i leading zeros leaves 6 − i bits (7 − i without a sign) of linear fraction in [0.1, 1).
  const bool with_sign = code == QuantizationCode::with_sign;
  std::vector<double> values{0, 1};
  for (int i = 0; i < 7; ++i) {
    const int count = 1 << (with_sign ? i : i + 1);
    const double magnitude = std::pow(10.0, i - 6);
    for (int k = 0; k < count; ++k) {
      const double value = magnitude * (0.1 + 0.9 * (k + 0.5) / count);
      values.push_back(value);
      if (with_sign) values.push_back(-value);
    }
  }
  std::sort(values.begin(), values.end());
  return at::tensor(at::ArrayRef<double>(values), at::kFloat);
}

BlockQuantized::BlockQuantized(const at::Tensor& like, QuantizationCode code, std::int64_t block)
    : sizes_(like.sizes().vec()), type_(like.scalar_type()) {
  const std::int64_t blocks = (like.numel() + block - 1) / block;
  const at::TensorOptions options = at::TensorOptions().device(like.device());
  code_ = dynamic_code(code).to(like.device());
  boundaries_ = (code_.narrow(0, 1, code_.numel() - 1) + code_.narrow(0, 0, code_.numel() - 1)) / 2;
  const auto zero = (dynamic_code(code) == 0).nonzero().item<std::int64_t>();
  bytes = at::full({blocks, block}, zero, options.dtype(at::kByte));
  scales = at::zeros({blocks}, options.dtype(at::kFloat));
}

at::Tensor BlockQuantized::read() const {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes_) count *= size;
  return code_.index_select(0, bytes.view(-1).to(at::kInt))
      .view(bytes.sizes())
      .mul_(scales.unsqueeze(1))
      .view(-1)
      .narrow(0, 0, count)
      .view(sizes_)
      .to(type_);
}

void BlockQuantized::write(const at::Tensor& values) {
  at::Tensor flat = values.reshape(-1).to(at::kFloat);
  if (flat.numel() < bytes.numel()) flat = at::constant_pad_nd(flat, {0, bytes.numel() - flat.numel()});
  const at::Tensor blocks = flat.view(bytes.sizes());
  at::amax_out(scales, blocks.abs(), at::IntArrayRef{1});
  const at::Tensor units = blocks / at::where(scales > 0, scales, at::ones_like(scales)).unsqueeze(1);
  bytes.copy_(at::bucketize(units, boundaries_, /*out_int32=*/true));
}

}  // namespace talweg::optim
