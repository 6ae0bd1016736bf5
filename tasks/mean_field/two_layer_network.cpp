#include "tasks/mean_field/two_layer_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "models/mean_field/hermite.h"
#include "tasks/mean_field/tensor_polynomial.h"

namespace talweg::tasks {
namespace {

constexpr std::size_t kMostPowers = 12;  // beyond, powers of x lose their digits

}  // namespace

void declare(config::Fields& f, TwoLayerNetworkOptions& o) {
  declare(f, static_cast<NetworkOptions&>(o));
  f("width", o.width, "m: neurons", config::at_least(1));
  f("dimension", o.dimension, "d: inputs; n = alpha m d examples", config::at_least(2));
}

void validate(const TwoLayerNetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.messages().size();
  validate(static_cast<const NetworkOptions&>(o), where, diagnostics);
  if (diagnostics.messages().size() != before) return;
  if (o.second_layer_rate != 1)
    diagnostics.error(where.at("second_layer_rate"),
                      "'second_layer_rate' is for the theory; a training has 'groups' of its optimizer");
  if (make_activation(o.activation).hermite.size() > kMostPowers)
    diagnostics.error(
        where.at("activation"),
        fmt::format("networks take activations that are polynomials of degree {} at most", kMostPowers - 1));
  const auto directions = static_cast<std::int64_t>(make_problem(o, 1).target.directions());
  if (directions > o.dimension)
    diagnostics.error(where.at("dimension"), fmt::format("the target has {} directions", directions));
}

TwoLayerNetwork::TwoLayerNetwork(const TwoLayerNetworkOptions& options, const TaskContext& context)
    : options_(options),
      activation_(make_activation(options.activation)),
      problem_(make_problem(options, static_cast<double>(options.width))),
      powers_(mean_field::polynomial_of_hermite(activation_.hermite)),
      examples_(examples_of(options, options.width, options.dimension)) {
  torch::NoGradGuard no_grad;
  const std::int64_t m = options_.width, d = options_.dimension;
  const at::Tensor x = seeded_normals({examples_, d}, context.streams.seed_of("inputs"));
  const at::Tensor y =
      target(x) + options_.noise * seeded_normals({examples_}, context.streams.seed_of("noise of labels"));
  training_ = std::make_unique<data::TensorDataset>(
      std::vector<at::Tensor>{x.to(context.device, context.dtype), y.to(context.device, context.dtype)});
  at::Tensor w = seeded_normals({m, d}, context.streams.seed_of("first layer"));
  w = (w / w.norm(2, 1, true)).to(context.device, context.dtype);
  start_ = module_.register_buffer("start", w.clone());
  weights_ = module_.register_parameter("weights", w);
  second_layer_ = module_.register_parameter(
      "second_layer", at::full({m}, problem_.second_layer, at::TensorOptions(context.device).dtype(context.dtype)));
}

/// φ of the first k inputs [n, d].
at::Tensor TwoLayerNetwork::target(const at::Tensor& x) const {
  const std::size_t k = problem_.target.directions();
  const at::Tensor z = x.narrow(1, 0, static_cast<std::int64_t>(k)).contiguous();
  at::Tensor values = at::zeros({x.size(0)}, at::kDouble);
  for (std::int64_t i = 0; i < x.size(0); ++i)
    values.mutable_data_ptr<double>()[i] =
        problem_.target.value(z.const_data_ptr<double>() + i * static_cast<std::int64_t>(k));
  return values;
}

at::Tensor TwoLayerNetwork::loss(const data::Batch& batch) {
  const at::Tensor hidden = tensor_polynomial(powers_, at::matmul(batch.tensors[0], weights_.t()));
  const at::Tensor f = at::matmul(hidden, second_layer_) / static_cast<double>(options_.width);
  return 0.5 * at::mse_loss(f, batch.tensors[1]);
}

Metrics TwoLayerNetwork::evaluate() {
  const std::int64_t m = options_.width, k = static_cast<std::int64_t>(problem_.target.directions());
  const at::Tensor w = weights_.detach().to(at::kCPU, at::kDouble), start = start_.to(at::kCPU, at::kDouble);
  const at::Tensor overlaps = at::matmul(w, w.t()).contiguous(), v = w.narrow(1, 0, k).contiguous();
  const std::vector<double> a = host_read(second_layer_.detach()), q = host_read(overlaps.flatten());
  double test = problem_.noise * problem_.noise + problem_.target.squared_norm(), mean = 0, off = 0;
  const auto count = static_cast<double>(m);
  for (std::int64_t i = 0; i < m; ++i) {
    const double a_i = a[static_cast<std::size_t>(i)];
    mean += a_i / count;
    test -= 2 / count * a_i * problem_.target.covariance(v.const_data_ptr<double>() + i * k);
    for (std::int64_t j = 0; j < m; ++j) {
      const double overlap = q[static_cast<std::size_t>(i * m + j)];
      test += a_i * a[static_cast<std::size_t>(j)] / (count * count) * problem_.covariance(overlap);
      if (i != j) off += overlap / (count * (count - 1));
    }
  }
  return {{"start", (w * start).sum().item<double>() / count},
          {"neurons", off},
          {"a", mean},
          {"overlap", k > 0 ? v.mean(0).norm().item<double>() : 0},
          {"train_error", loss(training_->all()).item<double>()},
          {"loss", 0.5 * test}};
}

void TwoLayerNetwork::project() {
  torch::NoGradGuard no_grad;
  weights_.div_(weights_.norm(2, 1, true));
}

std::string TwoLayerNetwork::announcement() const {
  return fmt::format("{} examples; a step of learning rate lr is {:.6g}·lr of the theory's time", examples_,
                     static_cast<double>(options_.dimension) / static_cast<double>(examples_));
}

}  // namespace talweg::tasks
