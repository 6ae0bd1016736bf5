#include "tasks/triplets/baselines.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg::tasks {

at::Tensor bradley_terry_strengths(const Triplets& t, std::int64_t items, double prior) {
  constexpr int kMostPasses = 2000;
  const at::Tensor ones = at::ones_like(t.labels);
  const at::Tensor count = at::zeros({items}, at::kDouble).index_add(0, t.first, ones).index_add(0, t.second, ones);
  // The Hessian is a weighted Laplacian with weights of at most ¼: at most half the diagonal of the counts.
  const at::Tensor step = 1 / (0.5 * count + prior);
  const double small = 1e-8 * static_cast<double>(t.labels.size(0));
  at::Tensor strengths = at::zeros({items}, at::kDouble), ahead = strengths;
  double momentum = 1;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const at::Tensor s = at::sigmoid(ahead.index_select(0, t.first) - ahead.index_select(0, t.second)) - t.labels;
    const at::Tensor gradient = (prior * ahead).index_add(0, t.first, s).index_add(0, t.second, -s);
    if (at::linalg_vector_norm(gradient).item<double>() < small) break;
    const at::Tensor next = ahead - step * gradient;
    const double grown = (1 + std::sqrt(1 + 4 * momentum * momentum)) / 2;
    ahead = next + (next - strengths) * ((momentum - 1) / grown);
    momentum = grown;
    strengths = next;
  }
  return ahead - ahead.mean();
}

at::Tensor popularity(const Triplets& t, std::int64_t items) {
  const at::Tensor lost = 1 - t.labels, none = at::zeros({items}, at::kDouble);
  const at::Tensor wins = none.index_add(0, t.first, t.labels).index_add(0, t.second, lost);
  const at::Tensor losses = none.index_add(0, t.first, lost).index_add(0, t.second, t.labels);
  return at::log((wins + 1) / (losses + 1));
}

}  // namespace talweg::tasks
