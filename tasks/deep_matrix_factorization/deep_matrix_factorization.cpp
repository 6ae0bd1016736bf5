#include "tasks/deep_matrix_factorization/deep_matrix_factorization.h"

#include <fmt/format.h>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/task/metric_series.h"
#include "models/deep_linear/factor_chain.h"
#include "tasks/deep_matrix_factorization/theory.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kMostLayerMetrics = 24;

}  // namespace

void declare(config::Fields& f, DeepMatrixFactorizationOptions& o) {
  f("target", o.target, "the matrix M");
  f("network", o.network, "the deep linear network");
  f("loss_scale", o.loss_scale, "c of the loss c·|W − M|²: 0.5 in the theory", config::above(0));
}

DeepMatrixFactorization::DeepMatrixFactorization(const DeepMatrixFactorizationOptions& options,
                                                 const TaskContext& context)
    : options_(options),
      target_(make_target(options.target, context.streams)),
      network_(std::make_shared<models::DeepLinear>(
          options.network, models::TensorModelShape{{target_.matrix.size(1)}, target_.matrix.size(0)})),
      data_({at::zeros({1})}),
      matrix_(target_.matrix.to(context.device, context.dtype)) {
  network_->to(context.device, context.dtype);
}

at::Tensor DeepMatrixFactorization::loss(const data::Batch&) {
  return models::factor_loss(network_->layers(), matrix_, options_.loss_scale);
}

at::Tensor DeepMatrixFactorization::layer_values() const {
  const std::vector<at::Tensor> layers = network_->layers();
  at::Tensor vectors = target_.right;
  std::vector<at::Tensor> values;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    vectors = layers[l].to(at::kCPU, at::kDouble).mm(vectors);
    if (l + 1 == layers.size()) {
      values.push_back((target_.left * vectors).sum(0));
    } else {
      const at::Tensor lengths = vectors.norm(2, {0});
      values.push_back(lengths);
      vectors = vectors / lengths.clamp_min(1e-300);
    }
  }
  return at::stack(values);
}

Metrics DeepMatrixFactorization::evaluate() {
  std::vector<at::Tensor> layers;
  for (const at::Tensor& layer : network_->layers()) layers.push_back(layer.to(at::kCPU, at::kDouble));
  at::Tensor product = layers.front();
  double imbalance = 0;
  for (std::size_t l = 1; l < layers.size(); ++l) {
    const at::Tensor difference = layers[l].t().mm(layers[l]) - layers[l - 1].mm(layers[l - 1].t());
    imbalance = std::max(imbalance, difference.norm().item<double>());
    product = layers[l].mm(product);
  }
  const at::Tensor inner = target_.left.t().mm(product).mm(target_.right), modes = inner.diagonal();
  const at::Tensor values = layer_values(), squares = values.square();
  const std::vector<double> gaps = host_read(std::get<0>(squares.max(0)) - std::get<0>(squares.min(0)));
  Metrics metrics{{"loss", options_.loss_scale * (product - target_.matrix).square().sum().item<double>()},
                  {"outside", (product - target_.left.mm(inner).mm(target_.right.t())).norm().item<double>()},
                  {"off_diagonal", (inner - at::diag(modes)).norm().item<double>()},
                  {"imbalance", imbalance}};
  for (std::size_t i = 0; i < gaps.size(); ++i) metrics.emplace_back(fmt::format("gap_{}", i + 1), gaps[i]);
  if (values.numel() <= kMostLayerMetrics) {
    const std::vector<double> read = host_read(values);
    for (std::size_t l = 0; l < layers.size(); ++l)
      for (std::size_t i = 0; i < gaps.size(); ++i)
        metrics.emplace_back(fmt::format("layer_{}_mode_{}", l + 1, i + 1), read[l * gaps.size() + i]);
  }
  const std::vector<double> end_to_end = host_read(modes.contiguous());
  for (std::size_t i = 0; i < gaps.size(); ++i) metrics.emplace_back(fmt::format("mode_{}", i + 1), end_to_end[i]);
  return metrics;
}

std::string DeepMatrixFactorization::theory(double eta) const {
  return describe_dynamics(static_cast<int>(options_.network.depth), target_.singular_values,
                           2 * options_.loss_scale * eta);
}

std::vector<plot::Figure> DeepMatrixFactorization::figures_over_time(const std::vector<metrics::Record>& records) {
  const std::size_t rank = target_.singular_values.size();
  plot::Figure loss, modes, layers, gaps;
  loss.name = "loss";
  loss.title = "Loss";
  loss.x_label = "step";
  loss.y_log = true;
  loss.series.push_back(series_of("eval/loss", "loss", records));
  loss.caption = "Every evaluation is a point: beyond the edge of stability the loss alternates and does not diverge.";
  modes.name = "singular_values";
  modes.title = "Singular values of the product";
  modes.x_label = "step";
  modes.caption = "u_iᵀW_L⋯W_1v_i of every mode, and the singular values of the target.";
  gaps.name = "balancing_gap";
  gaps.title = "Balancing gap";
  gaps.x_label = "step";
  gaps.y_log = true;
  gaps.caption =
      "Largest difference s_j² − s_k² between two layers. Gradient flow keeps it; below the edge of stability "
      "gradient descent soon does, beyond it the gap decays to zero.";
  layers.name = "layers";
  layers.title = "Leading singular value of every layer";
  layers.x_label = "step";
  layers.caption = "The layers of mode 1 meet when they are balanced.";
  for (std::size_t i = 1; i <= rank; ++i) {
    modes.series.push_back(series_of(fmt::format("eval/mode_{}", i), fmt::format("mode {}", i), records));
    modes.references.push_back({target_.singular_values[i - 1], fmt::format("σ{}", i)});
    gaps.series.push_back(series_of(fmt::format("eval/gap_{}", i), fmt::format("mode {}", i), records));
  }
  for (std::int64_t l = 1; l <= options_.network.depth; ++l) {
    plot::Series series = series_of(fmt::format("eval/layer_{}_mode_1", l), fmt::format("layer {}", l), records);
    if (!series.x.empty()) layers.series.push_back(std::move(series));
  }
  for (plot::Figure* figure : {&loss, &modes, &layers}) figure->x_log = true;  // the transient is short, the orbit long
  for (plot::Figure* figure : {&loss, &modes, &layers})
    for (plot::Series& series : figure->series) series.style = plot::SeriesStyle::points;
  std::vector<plot::Figure> figures{loss, modes, gaps};
  if (!layers.series.empty()) figures.push_back(layers);
  return figures;
}

}  // namespace talweg::tasks
