#include "tasks/matrix_quadratic/matrix_quadratic.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

at::Tensor curvatures(const std::vector<double>& given, std::int64_t count) {
  return given.empty() ? at::ones({count}, at::kDouble) : at::tensor(at::ArrayRef<double>(given), at::kDouble);
}

/// κ = Σ_{j>1} σ_j² / Σ σ_j²; 0 of a zero matrix.
double outside_rank_one(const at::Tensor& matrix) {
  const at::Tensor squares = at::linalg_svdvals(matrix).square();
  const double all = squares.sum().item<double>();
  return all > 0 ? squares.narrow(0, 1, squares.numel() - 1).sum().item<double>() / all : 0;
}

}  // namespace

void declare(config::Fields& f, MatrixQuadraticOptions& o) {
  declare(f, static_cast<MatrixTargetOptions&>(o));
  f("row_curvatures", o.row_curvatures, "diagonal of B, one per row (default: ones)", config::above(0));
  f("column_curvatures", o.column_curvatures, "diagonal of C, one per column (default: ones)", config::above(0));
  f("start", o.start, "every entry of W at the start");
  f("collapse_step", o.collapse_step,
    "step size for which the decay of the gradient's share outside rank one is measured", config::above(0));
}

void validate(const MatrixQuadraticOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const auto check = [&](const char* key, const std::vector<double>& list, std::int64_t count) {
    if (!list.empty() && static_cast<std::int64_t>(list.size()) != count)
      diagnostics.error(where.at(key), fmt::format("'{}' has {} numbers for {} places", key, list.size(), count));
  };
  check("row_curvatures", o.row_curvatures, o.rows);
  check("column_curvatures", o.column_curvatures, o.columns);
}

MatrixQuadratic::MatrixQuadratic(const MatrixQuadraticOptions& options, const TaskContext& context)
    : options_(options), data_({at::zeros({1})}) {
  target_ = make_matrix(options_, context.streams).to(context.device, context.dtype);
  row_curvatures_ = curvatures(options_.row_curvatures, options_.rows).unsqueeze(1).to(context.device, context.dtype);
  column_curvatures_ =
      curvatures(options_.column_curvatures, options_.columns).unsqueeze(0).to(context.device, context.dtype);
  weight_ = module_.register_parameter("weight", at::full_like(target_, options_.start));
  torch::NoGradGuard no_grad;
  start_loss_ = loss({}).item<double>();
}

at::Tensor MatrixQuadratic::gradient() const {
  return row_curvatures_ * (weight_ - target_) * column_curvatures_;
}

at::Tensor MatrixQuadratic::loss(const data::Batch&) {
  return 0.5 * (row_curvatures_ * (weight_ - target_).square() * column_curvatures_).sum();
}

Metrics MatrixQuadratic::evaluate() {
  const at::Tensor g = gradient().to(at::kDouble).cpu();
  const double squares = g.square().sum().item<double>(), value = loss({}).item<double>(),
               residual = outside_rank_one(g);
  Metrics metrics{{"distance", (weight_ - target_).norm().item<double>()},
                  {"gradient_norm", std::sqrt(squares)},
                  {"rank_one_residual", residual},
                  {"relative_loss", start_loss_ > 0 ? value / start_loss_ : 0}};
  if (options_.collapse_step) {
    const at::Tensor b = row_curvatures_.to(at::kDouble).cpu(), c = column_curvatures_.to(at::kDouble).cpu();
    const double next = outside_rank_one(g - *options_.collapse_step * b * g * c);
    metrics.emplace_back("rank_one_ratio", residual > 0 ? next / residual : 0);
  }
  metrics.emplace_back("loss", value);
  return metrics;
}

std::vector<plot::Figure> MatrixQuadratic::figures_over_time(const std::vector<metrics::Record>& records) {
  plot::Figure figure;
  figure.name = "gradient";
  figure.title = "The gradient on the way";
  figure.x_label = "step";
  figure.y_label = "norm, share outside rank one";
  figure.y_log = true;
  plot::Series norm{"norm of the gradient", {}, {}}, residual{"share outside its first singular pair", {}, {}};
  for (const metrics::Record& record : records)
    for (const auto& [name, value] : record.values) {
      plot::Series* series = name == "eval/gradient_norm"       ? &norm
                             : name == "eval/rank_one_residual" ? &residual
                                                                : nullptr;
      if (!series) continue;
      series->x.push_back(static_cast<double>(record.step));
      series->y.push_back(value);
    }
  figure.series = {norm, residual};
  figure.caption = "Under plain descent the gradient of a reversible layer becomes a matrix of rank one.";
  return {figure};
}

}  // namespace talweg::tasks
