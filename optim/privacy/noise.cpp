#include "optim/privacy/noise.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <numbers>

#include "core/libtorch.h"

namespace talweg::optim {

std::vector<at::Tensor> SeededNoise::draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t step) {
  // A copy of the device's generator: the program's own is left as it is.
  at::Generator generator = at::globalContext().defaultGenerator(like.front().device()).clone();
  generator.set_current_seed(streams_.seed_of(purpose_, static_cast<std::uint64_t>(step)));
  std::vector<at::Tensor> noise;
  for (const at::Tensor& tensor : like)
    noise.push_back(at::empty_like(tensor, at::MemoryFormat::Contiguous).normal_(0, deviation, generator));
  return noise;
}

double SecureNoise::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  // Box–Muller; the first number lies in (0, 1].
  const double u = static_cast<double>((generator_.next() >> 11) + 1) * 0x1.0p-53;
  const double v = static_cast<double>(generator_.next() >> 11) * 0x1.0p-53;
  const double radius = std::sqrt(-2 * std::log(u));
  spare_ = radius * std::sin(2 * std::numbers::pi * v);
  has_spare_ = true;
  return radius * std::cos(2 * std::numbers::pi * v);
}

std::vector<at::Tensor> SecureNoise::draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t) {
  std::vector<at::Tensor> noise;
  for (const at::Tensor& tensor : like) {
    at::Tensor drawn = at::empty(tensor.sizes(), at::kDouble);
    auto* numbers = drawn.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < drawn.numel(); ++i)
      numbers[i] = (normal() + normal() + normal() + normal()) * (deviation / 2);
    noise.push_back(drawn.to(tensor.options().requires_grad(false)));
  }
  return noise;
}

}  // namespace talweg::optim
