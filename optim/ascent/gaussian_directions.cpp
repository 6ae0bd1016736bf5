#include "optim/ascent/gaussian_directions.h"

#include <algorithm>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::optim {

void GaussianDirections::begin_step(std::int64_t step, std::int64_t count) {
  step_ = step;
  count_ = count;
}

std::uint64_t GaussianDirections::seed(std::size_t parameter, std::size_t probe) const {
  return RandomStreams(streams_.seed_of("probe", static_cast<std::uint64_t>(step_)))
      .seed_of("direction", static_cast<std::uint64_t>(parameter) << 20 | static_cast<std::uint64_t>(probe));
}

void GaussianDirections::place(DisplacedParameters& about, std::span<const double> weights) {
  torch::NoGradGuard no_grad;
  const auto is_used = [](double weight) { return weight != 0; };
  const auto first = static_cast<std::size_t>(std::find_if(weights.begin(), weights.end(), is_used) - weights.begin());
  if (first == weights.size()) return about.restore();
  about.leave();
  for (std::size_t i = 0; i < about.parameters().size(); ++i) {
    const at::Tensor& parameter = about.parameters()[i];
    place_seeded_normals(about.point()[i], weights[first], seed(i, first), parameter);
    for (std::size_t j = first + 1; j < weights.size(); ++j)
      if (weights[j] != 0) place_seeded_normals(parameter, weights[j], seed(i, j), parameter);
  }
}

}  // namespace talweg::optim
