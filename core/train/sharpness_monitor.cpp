#include "core/train/sharpness_monitor.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "core/curvature/sharpness.h"
#include "core/device/host_read.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg {
namespace {

data::Batch chosen_examples(const data::Dataset& dataset, const std::optional<std::int64_t>& examples,
                            const RandomStreams& streams, at::Device device) {
  const std::int64_t all = dataset.size();
  if (examples && *examples > all)
    throw ConfigError(
        fmt::format("diagnostics.sharpness.examples: {} are asked for, the training data has {}", *examples, all));
  std::vector<std::int64_t> indices(static_cast<std::size_t>(all));
  if (examples) {
    indices = random_permutation(all, streams.generator("sharpness examples"));
    indices.resize(static_cast<std::size_t>(*examples));
  } else {
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
  }
  return dataset.batch(indices, 0).to(device);
}

}  // namespace

void declare(config::Fields& f, SharpnessOptions& o) {
  f("every", o.every, "steps between two measurements", config::at_least(1));
  f("eigenvalues", o.eigenvalues, "how many of the largest eigenvalues of the Hessian", config::at_least(1),
    config::at_most(100));
  f("examples", o.examples, "measure on this many training examples, drawn once (default: on all)",
    config::at_least(1));
  f("tolerance", o.tolerance, "accepted residual |Hv − λv| relative to the largest eigenvalue", config::above(0),
    config::below(1));
  f("most_products", o.most_products, "Hessian-vector products after which a measurement takes what it has",
    config::at_least(1));
}

void validate(const SharpnessOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.most_products < o.eigenvalues)
    diagnostics.error(where.where, "'most_products' is smaller than 'eigenvalues'; each needs at least one");
}

SharpnessMonitor::SharpnessMonitor(Task& task, const data::Dataset& data, const SharpnessOptions& options,
                                   ObjectiveOptions objective, const RandomStreams& streams, at::Device device)
    : options_(options),
      streams_(streams),
      objective_(
          task, [&] { return objective.clip_norm.reset(), objective; }(), RandomStreams(streams.seed_of("sharpness")),
          device, std::make_unique<WholeBatch>(), data),
      batch_(chosen_examples(data, options.examples, streams, device)) {}

Metrics SharpnessMonitor::measure(double step_size) {
  objective_.begin_step(0, batch_);
  std::vector<at::Tensor> earlier;
  for (const at::Tensor& parameter : objective_.parameters()) earlier.push_back(parameter.grad());
  objective_.for_each_loss([](const at::Tensor& loss) { loss.backward(); });
  std::vector<at::Tensor> gradients;
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    at::Tensor& gradient = objective_.parameters()[i].mutable_grad();
    if (gradient.defined()) gradients.push_back(gradient);
    gradient = earlier[i];
  }
  const double gradient_norm = std::sqrt(host_read(inner_product(gradients, gradients)).front());
  const LargestEigenvalues found =
      hessian_eigenvalues(objective_, {options_.eigenvalues, options_.tolerance, options_.most_products},
                          streams_.generator("sharpness start"));
  Metrics metrics{{"sharpness", found.values.front()}};
  for (std::size_t i = 1; i < found.values.size(); ++i)
    metrics.emplace_back(fmt::format("eigenvalue_{}", i + 1), found.values[i]);
  metrics.emplace_back("smallest_eigenvalue", found.smallest);
  metrics.emplace_back("gradient_norm", gradient_norm);
  metrics.emplace_back("residual", found.residuals.front() / std::max(std::abs(found.values.front()), 1e-300));
  metrics.emplace_back("hessian_products", static_cast<double>(found.products));
  if (step_size > 0) metrics.emplace_back("step_times_sharpness", step_size * found.values.front());
  return metrics;
}

std::vector<plot::Figure> make_sharpness_figures(const std::vector<metrics::Record>& records) {
  plot::Figure figure;
  figure.name = "sharpness";
  figure.title = "Sharpness and the edge of stability";
  figure.x_label = "step";
  figure.y_label = "eigenvalue of the Hessian";
  figure.caption =
      "The largest eigenvalues of the Hessian of the training loss. Dashed: 2/η, above which gradient "
      "descent on a quadratic function diverges.";
  plot::Series edge;
  edge.name = "2/η";
  edge.style = plot::SeriesStyle::dashed;
  std::vector<std::pair<std::string, plot::Series>> curves;
  for (const metrics::Record& record : records) {
    double sharpness = std::nan("");
    for (const auto& [name, value] : record.values) {
      const bool first = name == "curvature/sharpness";
      if (first) sharpness = value;
      if (name == "curvature/step_times_sharpness" && value != 0) {
        edge.x.push_back(static_cast<double>(record.step));
        edge.y.push_back(2 * sharpness / value);
      }
      if (!first && !name.starts_with("curvature/eigenvalue_")) continue;
      auto curve =
          std::find_if(curves.begin(), curves.end(), [&, &known = name](const auto& c) { return c.first == known; });
      if (curve == curves.end()) {
        curves.emplace_back(name, plot::Series{});
        curve = curves.end() - 1;
        curve->second.name = first ? "sharpness" : name.substr(std::string("curvature/").size());
      }
      curve->second.x.push_back(static_cast<double>(record.step));
      curve->second.y.push_back(value);
    }
  }
  if (curves.empty()) return {};
  for (auto& [name, series] : curves) figure.series.push_back(std::move(series));
  if (!edge.x.empty()) figure.series.push_back(std::move(edge));
  return {figure};
}

}  // namespace talweg
