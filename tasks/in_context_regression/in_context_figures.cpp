#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/task/curve_group.h"
#include "tasks/in_context_regression/in_context_regression.h"

namespace talweg::tasks {
namespace {

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

std::vector<double> count_from_one(std::int64_t count) {
  std::vector<double> list;
  for (std::int64_t i = 1; i <= count; ++i) list.push_back(static_cast<double>(i));
  return list;
}

at::Tensor column_medians(const at::Tensor& errors) {
  return errors.quantile(0.5, 0);
}

/// The names of the row blocks of a token, written at their middle; for d + 1 rows those of (x, y).
std::vector<std::string> block_labels(std::int64_t rows, std::int64_t d) {
  std::vector<std::string> labels(static_cast<std::size_t>(rows));
  const auto at = [&](std::int64_t row) -> std::string& { return labels[static_cast<std::size_t>(row)]; };
  at(d / 2) = "x";
  if (rows > d) at(d) = "y";
  if (rows == 2 * d + 2) {
    at(d + 1 + d / 2) = "w";
    at(2 * d + 1) = "1";
  }
  return labels;
}

plot::Figure heat_map_of(const std::string& name, const std::string& when, const at::Tensor& matrix, std::int64_t d) {
  plot::Figure figure;
  figure.name = fmt::format("weights_{}_{}", name, when);
  figure.title = fmt::format("{} {}", name, when == "before" ? "before training" : "after training");
  figure.caption =
      "Rows and columns by blocks of a token: input x, label y, weight w, and the one that marks thoughts.";
  for (std::int64_t row = 0; row < matrix.size(0); ++row) figure.heat_map.values.push_back(numbers(matrix[row]));
  figure.heat_map.row_labels = block_labels(matrix.size(0), d);
  figure.heat_map.column_labels = block_labels(matrix.size(1), d);
  return figure;
}

/// Heat maps of larger matrices show nothing.
constexpr std::int64_t kLargestMatrix = 130;

/// Prompts of the picture over the number of examples.
constexpr std::int64_t kPromptsByExamples = 1000;

}  // namespace

plot::Figure InContextRegression::error_by_step(const EvaluationSet& set) {
  const at::Tensor measured = errors(set.drawn, shown_steps_.back());
  plot::Figure figure;
  figure.name = set.prefix + "error_by_step";
  figure.title = set.prefix.empty() ? "Error against decoded steps" : "Error against decoded steps, shifted covariance";
  figure.x_label = "decoded steps T";
  figure.y_label = "squared error";
  figure.y_log = true;
  figure.caption = fmt::format(
      "Mean and median of the squared error over {} prompts; dashed: gradient descent with step size {} on the same "
      "prompts.",
      set.drawn.prompts.count(), set.law.step_size);
  const std::vector<double> steps = count_from_one(shown_steps_.back());
  using Style = plot::SeriesStyle;
  figure.series = {{"mean", steps, numbers(measured.mean(0)), Style::line, 0},
                   {"median", steps, numbers(column_medians(measured)), Style::line, 1},
                   {"descent, mean", steps, numbers(set.descent_errors.mean(0)), Style::dashed, 0},
                   {"descent, median", steps, numbers(column_medians(set.descent_errors)), Style::dashed, 1}};
  figure.references = {{set.single_step, "best single step"}};
  return figure;
}

std::vector<plot::Figure> InContextRegression::matrix_figures() {
  std::vector<plot::Figure> figures;
  const auto trained = model_->matrices();
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const auto& [name, matrix] = trained[i];
    if (matrix.size(0) > kLargestMatrix) continue;
    figures.push_back(heat_map_of(name, "before", initial_matrices_[i].second, options_.dimension));
    figures.push_back(heat_map_of(name, "after", matrix, options_.dimension));
  }
  return figures;
}

/// Answers to prompts that hold only their first m examples, beside least squares on the same.
plot::Figure InContextRegression::error_by_examples(const EvaluationSet& set) {
  const std::int64_t count = std::min(kPromptsByExamples, set.drawn.prompts.count());
  const models::Prompts whole{set.drawn.prompts.context.narrow(0, 0, count),
                              set.drawn.prompts.query.narrow(0, 0, count)};
  const at::Tensor weights = set.drawn.weights.narrow(0, 0, count);
  std::vector<double> model, least_squares;
  for (std::int64_t m = 1; m <= options_.examples; ++m) {
    const models::Prompts prompts = whole.with_examples(m);
    const at::Tensor target = model_->answers_of(weights.unsqueeze(1), prompts);
    const auto median = [&](const at::Tensor& answer) {
      return (answer - target.select(1, 0)).to(at::kDouble).square().sum(1).median().item<double>();
    };
    model.push_back(median(model_->answers(prompts, trained_steps_).select(1, trained_steps_ - 1)));
    const at::Tensor inverse = at::linalg_pinv(prompts.inputs().transpose(1, 2).to(at::kDouble), 1e-10);
    const at::Tensor fitted = inverse.matmul(prompts.labels().to(at::kDouble).unsqueeze(2)).transpose(1, 2);
    least_squares.push_back(median(model_->answers_of(fitted.to(weights.scalar_type()), prompts).select(1, 0)));
  }
  plot::Figure figure;
  figure.name = "error_by_examples";
  figure.title = "Error against examples in the prompt";
  figure.x_label = "examples";
  figure.y_label = "median squared error";
  figure.y_log = true;
  figure.caption = fmt::format(
      "After {} decoded steps, over {} prompts cut short; dashed: the least-squares solution of least norm. "
      "Answering zero costs about {}.",
      trained_steps_, count, model_->answers_of(weights.unsqueeze(1), whole).size(2));
  const std::vector<double> examples = count_from_one(options_.examples);
  figure.series = {{"model", examples, model, plot::SeriesStyle::line, 0},
                   {"least squares", examples, least_squares, plot::SeriesStyle::dashed, 1}};
  return figure;
}

std::vector<plot::Figure> InContextRegression::figures() {
  std::vector<plot::Figure> figures;
  for (const EvaluationSet& set : evaluation_sets_) figures.push_back(error_by_step(set));
  for (plot::Figure& figure : matrix_figures()) figures.push_back(std::move(figure));
  figures.push_back(error_by_examples(evaluation_sets_.front()));
  return figures;
}

std::vector<plot::Figure> InContextRegression::figures_over_time(const std::vector<metrics::Record>& records) {
  std::vector<plot::Figure> figures;
  for (const EvaluationSet& set : evaluation_sets_) {
    const auto metric = [&](const char* what) { return fmt::format("eval/{}{}_{}", set.prefix, what, trained_steps_); };
    CurveGroup group;
    group.name = set.prefix + "training_curve";
    group.title = fmt::format("{} after {} steps", set.prefix.empty() ? "Error" : "Error under shifted covariance",
                              trained_steps_);
    group.y_label = "squared error";
    group.caption = "Dashed: gradient descent with as many steps on the same prompts.";
    using Style = plot::SeriesStyle;
    group.curves = {{metric("error"), "mean", Style::line},
                    {metric("median"), "median", Style::line},
                    {metric("descent_error"), "descent, mean", Style::dashed},
                    {metric("descent_median"), "descent, median", Style::dashed}};
    group.references = {{set.single_step, "best single step"}};
    group.y_log = true;
    figures.push_back(make_figure(group, records));
  }
  return figures;
}

}  // namespace talweg::tasks
