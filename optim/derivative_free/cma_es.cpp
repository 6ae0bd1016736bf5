#include "optim/derivative_free/cma_es.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

constexpr int kRedraws = 10;

/// Ranks from 0 of values; those that are not finite are last.
std::vector<std::int64_t> order_of(const std::vector<double>& values) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto worth = [&](std::int64_t i) {
    const double value = values[static_cast<std::size_t>(i)];
    return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return worth(a) < worth(b); });
  return order;
}

/// The quantile `threshold`/2 of the rank changes |k − rank| that a point of this rank could make among others.
double tolerated_change(double rank, std::size_t others, double threshold) {
  std::vector<double> changes;
  for (std::size_t k = 1; k <= others; ++k) changes.push_back(std::abs(static_cast<double>(k) - rank));
  std::sort(changes.begin(), changes.end());
  const double place = threshold / 2 * static_cast<double>(others - 1);
  const auto below = static_cast<std::size_t>(place);
  const double above = changes[std::min(below + 1, others - 1)];
  return changes[below] + (place - static_cast<double>(below)) * (above - changes[below]);
}

}  // namespace

void declare(config::Fields& f, NoiseHandlerOptions& o) {
  f("reevaluated", o.reevaluated, "share of a population that is observed again", config::above(0), config::at_most(1));
  f("threshold", o.threshold, "theta: rank changes up to this quantile are put down to chance", config::above(0),
    config::below(1));
  f("smoothing", o.smoothing, "weight of a generation in the running uncertainty", config::above(0),
    config::at_most(1));
  f("most_draws", o.most_draws, "observations of a point at most; beyond, the step size grows", config::at_least(1));
}

void declare(config::Fields& f, CmaEsOptions& o) {
  f("initial_step", o.initial_step, "sigma: standard deviation of the first generation", config::above(0));
  f("population", o.population, "lambda: points of a generation (default: 4 + 3·ln d)", config::at_least(4));
  f("noise_handler", o.noise_handler, "measures whether noise disturbs the ranks; null: every point is observed once");
  f("full_up_to", o.full_up_to, "variables up to which all of the covariance is learnt; beyond, its diagonal",
    config::at_least(0));
}

CmaEs::CmaEs(ParameterList parameters, const CmaEsOptions& options)
    : ObservingOptimizer(std::move(parameters), options.initial_step),
      options_(options),
      sigma_(options.initial_step) {}

CmaEs::Constants CmaEs::constants(std::int64_t dimension, bool diagonal) const {
  const auto n = static_cast<double>(dimension);
  Constants c{};
  c.population = options_.population.value_or(4 + static_cast<std::int64_t>(3 * std::log(n)));
  c.parents = c.population / 2;
  double positive = 0, squares = 0, negative = 0, negative_squares = 0;
  for (std::int64_t i = 1; i <= c.population; ++i) {
    const double w = std::log((static_cast<double>(c.population) + 1) / 2) - std::log(static_cast<double>(i));
    c.weights.push_back(w);
    (w >= 0 && i <= c.parents ? positive : negative) += std::abs(w);
    (w >= 0 && i <= c.parents ? squares : negative_squares) += w * w;
  }
  c.effective = positive * positive / squares;
  const double negative_effective = negative > 0 ? negative * negative / negative_squares : 0;
  c.c_sigma = (c.effective + 2) / (n + c.effective + 5);
  c.d_sigma = 1 + 2 * std::max(0.0, std::sqrt((c.effective - 1) / (n + 1)) - 1) + c.c_sigma;
  c.c_c = (4 + c.effective / n) / (n + 4 + 2 * c.effective / n);
  c.c_1 = 2 / ((n + 1.3) * (n + 1.3) + c.effective);
  c.c_mu = std::min(1 - c.c_1, 2 * (0.25 + c.effective + 1 / c.effective - 2) / ((n + 2) * (n + 2) + c.effective));
  if (diagonal) {
    c.c_1 = std::min(1.0, c.c_1 * (n + 2) / 3);
    c.c_mu = std::min(1 - c.c_1, c.c_mu * (n + 2) / 3);
  }
  const double limit = std::min(
      {1 + c.c_1 / c.c_mu, 1 + 2 * negative_effective / (c.effective + 2), (1 - c.c_1 - c.c_mu) / (n * c.c_mu)});
  for (std::int64_t i = 0; i < c.population; ++i) {
    double& w = c.weights[static_cast<std::size_t>(i)];
    w = i < c.parents ? w / positive : (negative > 0 ? std::min(0.0, w) * std::max(0.0, limit) / negative : 0);
  }
  c.expected_norm = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
  return c;
}

std::int64_t CmaEs::least_evaluations(std::int64_t dimension) const {
  const double draws = std::round(draws_), population = static_cast<double>(constants(dimension, false).population);
  const double again =
      options_.noise_handler ? std::max(1.0, std::round(options_.noise_handler->reevaluated * population)) : 0;
  return static_cast<std::int64_t>(draws * (population + again));
}

void CmaEs::begin(const at::Tensor& mean) {
  const std::int64_t d = mean.numel();
  scales_ = at::ones({d}, at::kDouble);
  path_sigma_ = at::zeros({d}, at::kDouble);
  path_c_ = at::zeros({d}, at::kDouble);
  covariance_ = diagonal() ? at::ones({d}, at::kDouble) : at::eye(d, at::kDouble);
  axes_ = diagonal() ? at::Tensor() : at::eye(d, at::kDouble);
}

at::Tensor CmaEs::coloured(const at::Tensor& z) const {
  return diagonal() ? z * scales_ : at::matmul(z * scales_, axes_.t());
}

at::Tensor CmaEs::whitened(const at::Tensor& y) const {
  return diagonal() ? y / scales_ : at::matmul(at::matmul(y, axes_) / scales_, axes_.t());
}

void CmaEs::refresh_axes() {
  if (diagonal()) {
    scales_ = covariance_.sqrt();
    return;
  }
  covariance_ = (covariance_ + covariance_.t()) / 2;
  auto [values, vectors] = at::linalg_eigh(covariance_);
  axes_ = vectors.contiguous();
  scales_ = values.clamp_min(1e-300).sqrt();
  axes_age_ = 0;
}

at::Tensor CmaEs::sample(const Observer& observer, RandomGenerator& generator) const {
  const std::int64_t d = observer.dimension();
  at::Tensor step;
  for (int attempt = 0; attempt <= kRedraws; ++attempt) {
    at::Tensor z = at::empty({1, d}, at::kDouble);
    for (std::int64_t i = 0; i < d; ++i) z.mutable_data_ptr<double>()[i] = generator.normal();
    step = coloured(z).squeeze(0);
    if (!observer.box().lower.defined()) return step;
    const at::Tensor point = at::add(observer.here(), step, sigma_);
    const at::Tensor inside = observer.inside(point);
    if (at::equal(point, inside)) return step;
    if (attempt == kRedraws) step = (inside - observer.here()) / sigma_;
  }
  return step;
}

std::vector<double> CmaEs::values(Observer& observer, const at::Tensor& points, RandomGenerator& generator) {
  const auto draws = static_cast<std::int64_t>(std::round(draws_));
  const auto means = [&](const at::Tensor& at_points) {
    const at::Tensor mean = observer.observe(at_points, draws).mean(1).contiguous();
    return std::vector<double>(mean.const_data_ptr<double>(), mean.const_data_ptr<double>() + mean.numel());
  };
  std::vector<double> values = means(points);
  if (!options_.noise_handler) return values;
  const double share = options_.noise_handler->reevaluated * static_cast<double>(points.size(0));
  std::vector<std::int64_t> chosen = random_permutation(points.size(0), RandomGenerator(generator.next()));
  chosen.resize(static_cast<std::size_t>(std::max(1.0, std::round(share))));
  const std::vector<double> again = means(points.index_select(0, at::tensor(chosen)));
  handle_noise(values, again, chosen);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    double& value = values[static_cast<std::size_t>(chosen[i])];
    value = (value + again[i]) / 2;
  }
  return values;
}

/// Rank changes of points that were observed twice, among all 2λ values, against those that chance makes.
void CmaEs::handle_noise(const std::vector<double>& before, const std::vector<double>& again,
                         const std::vector<std::int64_t>& chosen) {
  const NoiseHandlerOptions& handler = *options_.noise_handler;
  std::vector<double> second = before;
  for (std::size_t i = 0; i < chosen.size(); ++i) second[static_cast<std::size_t>(chosen[i])] = again[i];
  std::vector<double> all = before;
  all.insert(all.end(), second.begin(), second.end());
  const std::vector<std::int64_t> order = order_of(all);
  std::vector<double> rank(all.size());
  for (std::size_t place = 0; place < order.size(); ++place)
    rank[static_cast<std::size_t>(order[place])] = static_cast<double>(place) + 1;
  double excess = 0;
  for (const std::int64_t i : chosen) {
    const auto old_place = static_cast<std::size_t>(i), new_place = old_place + before.size();
    const double sign = rank[new_place] > rank[old_place] ? 1 : -1;
    const double change = std::abs(rank[new_place] - rank[old_place]) - 1;
    excess += 2 * change - tolerated_change(rank[new_place] - (sign > 0 ? 1 : 0), all.size() - 1, handler.threshold) -
              tolerated_change(rank[old_place] - (sign < 0 ? 1 : 0), all.size() - 1, handler.threshold);
  }
  excess /= static_cast<double>(chosen.size());
  uncertainty_ += handler.smoothing * (excess - uncertainty_);
  const double factor = 1 + 2 / (static_cast<double>(scales_.numel()) + 10);
  if (uncertainty_ > 0) {
    if (draws_ >= handler.most_draws) sigma_ *= factor;
    draws_ = std::min(handler.most_draws, draws_ * 1.5);
  } else {
    draws_ = std::max(1.0, draws_ / std::pow(1.5, 0.25));
  }
}

void CmaEs::advance(Observer& observer, StepReport& report) {
  if (!path_c_.defined()) begin(observer.here());
  if (!observer.affords(least_evaluations(observer.dimension()))) {
    report.status = StepStatus::out_of_evaluations;
    return;
  }
  RandomGenerator generator = step_streams().generator("population");
  const std::int64_t population = constants(observer.dimension(), diagonal()).population;
  std::vector<at::Tensor> steps;
  for (std::int64_t i = 0; i < population; ++i) steps.push_back(sample(observer, generator));
  const at::Tensor all = at::stack(steps);
  const double sigma = sigma_;
  const std::vector<double> observed = values(observer, at::add(observer.here(), all, sigma), generator);
  if (std::none_of(observed.begin(), observed.end(), [](double value) { return std::isfinite(value); })) {
    report.skipped();
    return;
  }
  double sum = 0, finite = 0;
  for (const double value : observed)
    if (std::isfinite(value)) sum += value, ++finite;
  report.loss = at::full({}, sum / finite, at::kDouble);
  const std::vector<std::int64_t> order = order_of(observed);
  const at::Tensor ranked = all.index_select(0, at::tensor(order));
  const Constants c = constants(observer.dimension(), diagonal());
  const at::Tensor weights = at::tensor(at::ArrayRef<double>(c.weights), at::kDouble).narrow(0, 0, c.parents);
  const at::Tensor mean_step = at::matmul(weights, ranked.narrow(0, 0, c.parents));
  move_to(observer, at::add(observer.here(), mean_step, sigma));
  update(ranked);
  report.step_size = sigma;
  report.scalars = {{"sigma", sigma_}, {"draws", std::round(draws_)}, {"uncertainty", uncertainty_}};
}

void CmaEs::update(const at::Tensor& ranked) {
  const std::int64_t d = ranked.size(1);
  const Constants c = constants(d, diagonal());
  const at::Tensor weights = at::tensor(at::ArrayRef<double>(c.weights), at::kDouble);
  const at::Tensor mean_step = at::matmul(weights.narrow(0, 0, c.parents), ranked.narrow(0, 0, c.parents));
  path_sigma_ = (1 - c.c_sigma) * path_sigma_ +
                std::sqrt(c.c_sigma * (2 - c.c_sigma) * c.effective) * whitened(mean_step.unsqueeze(0)).squeeze(0);
  const double length = path_sigma_.norm().item<double>();
  const double begun = 1 - std::pow(1 - c.c_sigma, 2 * static_cast<double>(steps() + 1));
  const bool moves = length / std::sqrt(begun) < (1.4 + 2 / (static_cast<double>(d) + 1)) * c.expected_norm;
  path_c_ = (1 - c.c_c) * path_c_;
  if (moves) path_c_ = path_c_ + std::sqrt(c.c_c * (2 - c.c_c) * c.effective) * mean_step;
  // Negative weights are scaled by d/‖C^{−1/2}y‖², which keeps C positive.
  const at::Tensor lengths = whitened(ranked).square().sum(1);
  const at::Tensor scaled =
      at::where(weights >= 0, weights, weights * static_cast<double>(d) / lengths.clamp_min(1e-300));
  const double kept = 1 + c.c_1 * (moves ? 0 : c.c_c * (2 - c.c_c)) - c.c_1 - c.c_mu * weights.sum().item<double>();
  if (diagonal())
    covariance_ = kept * covariance_ + c.c_1 * path_c_.square() + c.c_mu * at::matmul(scaled, ranked.square());
  else
    covariance_ =
        kept * covariance_ + c.c_1 * at::outer(path_c_, path_c_) + c.c_mu * at::matmul(ranked.t() * scaled, ranked);
  sigma_ *= std::exp(std::min(1.0, c.c_sigma / c.d_sigma * (length / c.expected_norm - 1)));
  ++axes_age_;
  if (diagonal() || static_cast<double>(axes_age_) > 1 / ((c.c_1 + c.c_mu) * static_cast<double>(d) * 10))
    refresh_axes();
}

void CmaEs::save_search(OptimizerState& state) const {
  state.values = {{"sigma", sigma_},
                  {"draws", draws_},
                  {"uncertainty", uncertainty_},
                  {"axes_age", axes_age_},
                  {"begun", path_c_.defined()}};
  if (!path_c_.defined()) return;
  state.tensors = {{"covariance", covariance_}, {"scales", scales_}, {"path_sigma", path_sigma_}, {"path_c", path_c_}};
  if (axes_.defined()) state.tensors.emplace_back("axes", axes_);
}

void CmaEs::load_search(const OptimizerState& state) {
  sigma_ = state.values.at("sigma").get<double>();
  draws_ = state.values.at("draws").get<double>();
  uncertainty_ = state.values.at("uncertainty").get<double>();
  axes_age_ = state.values.at("axes_age").get<std::int64_t>();
  if (!state.values.at("begun").get<bool>()) return;
  std::int64_t d = 0;
  for (const at::Tensor& parameter : tensors()) d += parameter.numel();
  begin(at::zeros({d}, at::kDouble));
  covariance_ = state.require("covariance", covariance_).clone();
  scales_ = state.require("scales", scales_).clone();
  path_sigma_ = state.require("path_sigma", path_sigma_).clone();
  path_c_ = state.require("path_c", path_c_).clone();
  if (axes_.defined()) axes_ = state.require("axes", axes_).clone();
}

}  // namespace talweg::optim
