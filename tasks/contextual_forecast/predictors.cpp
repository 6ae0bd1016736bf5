#include "tasks/contextual_forecast/predictors.h"

#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
#include <torch/optim/adam.h>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

constexpr double kLeast = 1e-12;

/// Symbols of every context, [contexts, T].
at::Tensor digits_of_contexts(const WindowShape& shape) {
  at::Tensor digits = at::empty({shape.contexts(), shape.context}, at::kLong);
  for (std::int64_t x = 0; x < shape.contexts(); ++x)
    for (std::int64_t place = shape.context - 1, rest = x; place >= 0; --place, rest /= shape.levels)
      digits.mutable_data_ptr<std::int64_t>()[x * shape.context + place] = rest % shape.levels;
  return digits;
}

}  // namespace

at::Tensor count_table(const at::Tensor& counts) {
  const at::Tensor more = counts + 0.5;
  return more / more.sum(-1, true);
}

at::Tensor markov_chain(const at::Tensor& counts, const WindowShape& shape) {
  const std::int64_t length = shape.context + shape.horizon, d = shape.levels;
  at::Tensor pairs = at::full({d, d}, 0.5, at::kDouble);
  const at::Tensor by_place = counts.reshape(std::vector<std::int64_t>(static_cast<std::size_t>(length), d));
  for (std::int64_t place = 0; place + 1 < length; ++place) {
    std::vector<std::int64_t> others;
    for (std::int64_t other = 0; other < length; ++other)
      if (other != place && other != place + 1) others.push_back(other);
    pairs += others.empty() ? by_place : by_place.sum(others);
  }
  const at::Tensor next = pairs / pairs.sum(1, true);
  at::Tensor outcome = next;  // [last symbol, outcome so far]
  for (std::int64_t k = 1; k < shape.horizon; ++k)
    outcome = (outcome.view({d, -1, d, 1}) * next.view({1, 1, d, d})).reshape({d, -1});
  return outcome.index_select(0, at::arange(shape.contexts()).remainder(d));
}

at::Tensor logistic_regression(const at::Tensor& counts, const WindowShape& shape) {
  const at::Tensor one_hot = at::one_hot(digits_of_contexts(shape), shape.levels).to(at::kDouble);
  const at::Tensor features =
      at::cat({one_hot.slice(2, 1).flatten(1), at::ones({shape.contexts(), 1}, at::kDouble)}, 1);
  const std::int64_t classes = shape.outcomes(), f = features.size(1), size = (classes - 1) * f;
  at::Tensor weights = at::zeros({classes - 1, f}, at::kDouble);
  const at::Tensor number = counts.sum(1, true);
  const auto predicted = [&] {
    return at::softmax(at::cat({at::zeros({shape.contexts(), 1}, at::kDouble), features.mm(weights.t())}, 1), 1);
  };
  for (int iteration = 0; iteration < 30; ++iteration) {
    const at::Tensor p = predicted().slice(1, 1);
    const at::Tensor gradient = (number * p - counts.slice(1, 1)).t().mm(features) + weights;
    const at::Tensor blocks = (at::diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)) * number.unsqueeze(2);
    const at::Tensor hessian =
        at::einsum("xab,xf,xg->afbg", {blocks, features, features}).reshape({size, size}) + at::eye(size, at::kDouble);
    const at::Tensor step = at::linalg_solve(hessian, gradient.reshape({size, 1})).view_as(weights);
    weights = weights - step;
    if (step.abs().max().item<double>() < 1e-10) break;
  }
  return predicted();
}

at::Tensor lstm(const at::Tensor& counts, const WindowShape& shape, std::int64_t width, std::int64_t steps,
                std::uint64_t seed) {
  const at::AutoGradMode with_gradient(true);
  const at::Tensor state = at::detail::getDefaultCPUGenerator().get_state();
  torch::manual_seed(seed);
  torch::nn::LSTM cells(torch::nn::LSTMOptions(shape.levels, width).batch_first(true));
  torch::nn::Linear out(width, shape.outcomes());
  const at::Tensor inputs = at::one_hot(digits_of_contexts(shape), shape.levels).to(at::kFloat);
  const at::Tensor weights = (counts / counts.sum()).to(at::kFloat);
  std::vector<at::Tensor> parameters = cells->parameters();
  for (const at::Tensor& parameter : out->parameters()) parameters.push_back(parameter);
  torch::optim::Adam adam(parameters, torch::optim::AdamOptions(0.02));
  const auto scores = [&] { return at::log_softmax(out(std::get<0>(cells(inputs)).select(1, -1)), 1); };
  for (std::int64_t step = 0; step < steps; ++step) {
    adam.zero_grad();
    (-(weights * scores()).sum()).backward();
    adam.step();
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor predicted = scores().exp().to(at::kDouble);
  auto generator = at::detail::getDefaultCPUGenerator();
  generator.set_state(state);
  return predicted;
}

at::Tensor joint_divergence(const at::Tensor& p, const at::Tensor& q) {
  return (at::xlogy(p, p) - at::xlogy(p, q.clamp_min(kLeast))).sum({-2, -1});
}

at::Tensor conditional_divergence(const at::Tensor& joint, const at::Tensor& conditional) {
  const at::Tensor own = conditioned(joint);
  return (at::xlogy(joint, own) - at::xlogy(joint, conditional.clamp_min(kLeast))).sum({-2, -1});
}

at::Tensor log_loss(const at::Tensor& windows, const at::Tensor& conditional) {
  return -at::xlogy(windows, conditional.clamp_min(kLeast)).sum({-2, -1}) / windows.sum({-2, -1});
}

at::Tensor conditioned(const at::Tensor& joint) {
  const at::Tensor sum = joint.sum(-1, true);
  return at::where(sum > 0, joint / sum.clamp_min(1e-300),
                   at::full({}, 1.0 / static_cast<double>(joint.size(-1)), at::kDouble));
}

}  // namespace talweg::tasks
