#include "tasks/deep_matrix_factorization/bifurcation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/deep_linear/factor_lanes.h"

namespace talweg::tasks {
namespace {

constexpr auto kNetworkLanes = static_cast<std::int64_t>(models::kLanes);

std::vector<double> chosen_step_sizes(const BifurcationOptions& o) {
  std::vector<double> list = o.step_sizes;
  if (o.range)
    for (std::int64_t k = 0; k < o.range->count; ++k) list.push_back(o.range->at(k));
  std::sort(list.begin(), list.end());
  return list;
}

/// [blocks, 8] from K numbers; lanes that are left over repeat the last.
at::Tensor in_lanes(const std::vector<double>& values) {
  const auto count = static_cast<std::int64_t>(values.size()), blocks = (count + kNetworkLanes - 1) / kNetworkLanes;
  at::Tensor lanes = at::empty({blocks, kNetworkLanes}, at::kDouble);
  for (std::int64_t i = 0; i < blocks * kNetworkLanes; ++i)
    lanes.mutable_data_ptr<double>()[i] = values[static_cast<std::size_t>(std::min(i, count - 1))];
  return lanes;
}

}  // namespace

void declare(config::Fields& f, BifurcationOptions& o) {
  f("target", o.target, "the matrix M");
  f("network", o.network, "the networks; all begin alike");
  f("shape", o.shape, "dense: matrices; diagonal: a number per mode and layer, modes cannot mix");
  f("step_sizes", o.step_sizes, "step sizes eta_k, or give 'range'", config::above(0));
  f("range", o.range, "evenly spaced step sizes");
  f("iterations", o.iterations, "steps of gradient descent before the orbits are read", config::at_least(1));
  f("followed", o.followed, "further steps in which an evaluation reads the orbits", config::at_least(2),
    config::at_most(100000));
  f("tolerance", o.tolerance, "relative difference at which values count as the same when periods are looked for",
    config::above(0));
  f("divergence", o.divergence, "a network whose |W − M| is this many times |M| has diverged", config::above(1));
}

void validate(const BifurcationOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.step_sizes.empty() == !o.range)
    diagnostics.error(where.where, "give one of 'step_sizes' (a list) and 'range' (from, to, count)");
  if (o.shape == NetworkShape::diagonal && o.network.factor != models::LayerFactor::identity)
    diagnostics.error(where.where, "'network.factor' is for dense networks; a diagonal one has 'identity'");
  if (o.shape == NetworkShape::diagonal && o.network.width)
    diagnostics.error(where.where, "'network.width' is for dense networks; a diagonal one has a number per mode");
  if (o.shape == NetworkShape::diagonal && o.target.vectors != TargetVectors::aligned)
    diagnostics.error(where.where, "'target.vectors' is for dense networks; a diagonal one has 'aligned'");
}

Bifurcation::Bifurcation(const BifurcationOptions& options, const StudyContext& context)
    : options_(options),
      target_(make_target(options.target, context.streams)),
      step_sizes_(chosen_step_sizes(options)) {
  if (!context.device.is_cpu())
    throw ConfigError("device: 'bifurcation_diagram' computes on the CPU; set 'device: cpu'");
  const bool diagonal = options_.shape == NetworkShape::diagonal;
  const auto rank = static_cast<std::int64_t>(target_.singular_values.size());
  const at::Tensor weights = in_lanes(step_sizes_);
  // All networks begin as one that is made as any other.
  const models::TensorModelShape shape =
      diagonal ? models::TensorModelShape{{rank}, rank}
               : models::TensorModelShape{{target_.matrix.size(1)}, target_.matrix.size(0)};
  models::DeepLinear first(options_.network, shape);
  first.to(at::kDouble);
  std::vector<std::int64_t> widths{shape.features()};
  for (const at::Tensor& layer : first.layers()) {
    const at::Tensor one = diagonal ? layer.detach().diagonal().unsqueeze(1) : layer.detach();
    widths.push_back(one.size(0));
    layers_.push_back(
        one.unsqueeze(0).unsqueeze(3).expand({weights.size(0), one.size(0), one.size(1), kNetworkLanes}).contiguous());
  }
  const at::Tensor sigma = at::tensor(at::ArrayRef<double>(target_.singular_values), at::kDouble);
  const double radius = options_.divergence * target_.matrix.norm().item<double>();
  networks_ = std::make_unique<NetworkBatch>(widths, diagonal, diagonal ? sigma.unsqueeze(1) : target_.matrix, weights,
                                             radius * radius);
  torch::NoGradGuard no_grad;
  work_ = networks_->gradient(layers_);
}

void Bifurcation::step(std::int64_t) {
  torch::NoGradGuard no_grad;
  networks_->descend(layers_, work_);
}

at::Tensor Bifurcation::modes(const at::Tensor& products) const {
  const at::Tensor values = options_.shape == NetworkShape::diagonal
                                ? products.squeeze(2)
                                : at::einsum("ai,kabl,bi->kil", {target_.left, products, target_.right});
  return values.transpose(0, 1).reshape({values.size(1), -1});
}

Orbits Bifurcation::orbits() const {
  torch::NoGradGuard no_grad;
  const auto count = static_cast<std::int64_t>(step_sizes_.size());
  std::vector<at::Tensor> copies;
  for (const at::Tensor& layer : layers_) copies.push_back(layer.clone());
  NetworkBatch::Gradient work = networks_->gradient(copies);
  Orbits orbits{step_sizes_, target_.singular_values, static_cast<int>(options_.network.depth), {}, {}};
  std::vector<at::Tensor> values;
  for (std::int64_t t = 0; t < options_.followed; ++t) {
    values.push_back(modes(networks_->products(copies)).narrow(1, 0, count));
    networks_->descend(copies, work);
  }
  orbits.values = at::stack(values).contiguous();
  const double* squares = work.squares.const_data_ptr<double>();
  for (std::int64_t k = 0; k < count; ++k) orbits.left.push_back(!(squares[k] <= networks_->limit()));
  return orbits;
}

Metrics Bifurcation::evaluate() {
  const Orbits found = orbits();
  Metrics metrics{{"diverged", static_cast<double>(std::count(found.left.begin(), found.left.end(), true))}};
  for (const auto& metric : orbit_metrics(found, options_.tolerance)) metrics.push_back(metric);
  torch::NoGradGuard no_grad;
  metrics.emplace_back("loss", networks_->weighted(networks_->gradient(layers_).squares).item<double>());
  return metrics;
}

checkpoint::State Bifurcation::state() const {
  checkpoint::State state;
  for (std::size_t l = 0; l < layers_.size(); ++l) state.add(fmt::format("layer{}", l + 1), layers_[l]);
  return state;
}

void Bifurcation::load(const checkpoint::State& state, std::int64_t) {
  for (std::size_t l = 0; l < layers_.size(); ++l) layers_[l].copy_(state.require(fmt::format("layer{}", l + 1)));
}

std::vector<plot::Figure> Bifurcation::figures() {
  return orbit_figures(orbits());
}

}  // namespace talweg::tasks
