#include "core/agents/proximity.h"

#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg::agents {

void Proximity::hear(const std::vector<at::Tensor>&, const Round& round) {
  copies_.take(round);
  place_target();
}

void Proximity::place_target() {
  torch::NoGradGuard no_grad;
  const auto count = static_cast<double>(copies_.all().size());
  term_.centre.clear();
  term_.constant = 0;
  term_.uniform_curvature = 2 * penalty_ * count;
  if (copies_.all().empty()) return;
  for (const auto& [from, message] : copies_.all()) {
    if (term_.centre.empty())
      term_.centre = at::_foreach_mul(message.parameters, 1 / count);
    else
      at::_foreach_add_(term_.centre, message.parameters, 1 / count);
  }
  for (const auto& [from, message] : copies_.all()) {
    const std::vector<at::Tensor> apart = at::_foreach_sub(message.parameters, term_.centre);
    term_.constant += penalty_ * inner_product(apart, apart).item<double>();
  }
}

checkpoint::State Proximity::state() const {
  return copies_.state();
}

void Proximity::load(const checkpoint::State& state) {
  copies_.load(state);
  place_target();
}

}  // namespace talweg::agents
