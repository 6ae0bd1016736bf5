#include "optim/derivative_free/observer.h"

#include <cmath>
#include <utility>

#include "core/libtorch.h"
#include "core/objective/visited_points.h"
#include "optim/derivative_free/evaluation_budget.h"

namespace talweg::optim {

Observer::Observer(Objective& objective)
    : objective_(objective), here_(flat_point(objective.parameters())), box_(objective.noisy_limits()) {}

at::Tensor Observer::draw(NoisyQuery query) {
  NoisyValues observed = objective_.draw(query);
  evaluations_ += observed.evaluations;
  const double* value = observed.values.const_data_ptr<double>();
  for (std::int64_t i = 0; i < observed.values.numel(); ++i) {
    all_finite_ &= std::isfinite(value[i]);
    sum_ += value[i];
  }
  values_ += observed.values.numel();
  return std::move(observed.values);
}

at::Tensor Observer::observe(const at::Tensor& points, std::int64_t draws) {
  NoisyQuery query{points, std::vector<std::int64_t>(static_cast<std::size_t>(points.size(0))), draws};
  for (std::int64_t& key : query.keys) key = keys_++;
  return draw(std::move(query));
}

at::Tensor Observer::observe_pairs_alike(const at::Tensor& points, std::int64_t draws) {
  const std::int64_t half = points.size(0) / 2;
  NoisyQuery query{points, std::vector<std::int64_t>(static_cast<std::size_t>(2 * half)), draws};
  for (std::size_t i = 0; i < query.keys.size(); ++i) query.keys[i] = keys_ + static_cast<std::int64_t>(i) % half;
  keys_ += half;
  return draw(std::move(query));
}

bool Observer::affords(std::int64_t evaluations) const {
  return optim::affords(objective_, evaluations);
}

at::Tensor Observer::inside(const at::Tensor& point) const {
  if (!box_.lower.defined()) return point;
  return at::maximum(at::minimum(point, box_.upper), box_.lower);
}

}  // namespace talweg::optim
