#include "tasks/chebyshev_regression/chebyshev_regression.h"

#include <fmt/format.h>

#include "core/device/host_read.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// T_k(x) = cos(k·arccos x).
at::Tensor chebyshev(std::int64_t degree, const at::Tensor& x) {
  return at::cos(static_cast<double>(degree) * at::acos(x.clamp(-1, 1)));
}

}  // namespace

void declare(config::Fields& f, ChebyshevRegressionOptions& o) {
  f("degree", o.degree, "degree k of the polynomial T_k", config::at_least(0), config::at_most(1000));
  f("examples", o.examples, "points, evenly spaced on [-1, 1]", config::at_least(2));
  f("model", o.model, "maps a number to a number");
}

ChebyshevRegression::ChebyshevRegression(const ChebyshevRegressionOptions& options, const TaskContext& context)
    : degree_(options.degree), model_(options.model.create({{1}, 1})) {
  model_->to(context.device, context.dtype);
  const at::TensorOptions where = at::TensorOptions(context.device).dtype(context.dtype);
  const at::Tensor x = at::linspace(-1, 1, options.examples, at::kDouble).unsqueeze(1);
  training_ =
      std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{x.to(where), chebyshev(degree_, x).to(where)});
}

at::Tensor ChebyshevRegression::loss(const data::Batch& batch) {
  return 0.5 * at::mse_loss(model_->forward(batch.tensors[0]).to(batch.tensors[1].scalar_type()), batch.tensors[1]);
}

Metrics ChebyshevRegression::evaluate() {
  return {{"loss", loss(training_->all()).item<double>()}};
}

std::vector<plot::Figure> ChebyshevRegression::figures() {
  constexpr std::int64_t points = 400;
  const at::Tensor x = at::linspace(-1, 1, points, at::kDouble).unsqueeze(1);
  const at::Tensor fitted = model_->forward(x.to(training_->all().tensors[0].options())).to(at::kDouble);
  plot::Figure figure;
  figure.name = "fit";
  figure.title = fmt::format("Fit of T{}", degree_);
  figure.x_label = "x";
  figure.series.push_back({"model", host_read(x.squeeze(1)), host_read(fitted.squeeze(1))});
  figure.series.push_back(
      {"polynomial", host_read(x.squeeze(1)), host_read(chebyshev(degree_, x).squeeze(1)), plot::SeriesStyle::dashed});
  const data::Batch all = training_->all();
  figure.series.push_back({"examples", host_read(all.tensors[0].squeeze(1).to(at::kDouble)),
                           host_read(all.tensors[1].squeeze(1).to(at::kDouble)), plot::SeriesStyle::points});
  return {figure};
}

}  // namespace talweg::tasks
