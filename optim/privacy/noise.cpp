#include "optim/privacy/noise.h"

#include <cmath>
#include <numbers>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::optim {

std::vector<at::Tensor> SeededNoise::draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t step) {
  const RandomStreams of_step(streams_.seed_of(purpose_, static_cast<std::uint64_t>(step)));
  std::vector<at::Tensor> noise;
  for (const at::Tensor& tensor : like) {
    const at::Tensor drawn = at::empty_like(tensor, at::MemoryFormat::Contiguous);
    fill_with_seeded_normals(drawn, of_step.seed_of("tensor", noise.size()), deviation);
    noise.push_back(drawn);
  }
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
