#include "tasks/black_box/black_box.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/metrics/report_section.h"
#include "core/optimizer/abilities.h"
#include "core/optimizer/needs_no_gradient.h"

namespace talweg::tasks {
namespace {

/// Variables that are worth a metric each.
constexpr std::int64_t kFewVariables = 12;
/// Values of a search that must have been alike before a function is taken for a constant.
constexpr std::int64_t kAlike = 200;
constexpr double kNormalQuantile = 1.959963984540054;

/// The places of `seen_`.
enum Seen { least, largest, earlier_count, earlier_sum, earlier_squares, now_count, now_sum, now_squares, kSeen };

/// A value that depends on the point in a way that is not known.
class WithoutGradient : public torch::autograd::Function<WithoutGradient> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor&, const at::Tensor& value) {
    return value.clone();
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*, torch::autograd::tensor_list) {
    throw ConfigError("task.type: 'black_box' has no gradient; choose an optimizer that needs values alone" +
                      optimizers_with(NeedsNoGradient::ability));
  }
};

std::size_t whole(std::int64_t number) {
  return static_cast<std::size_t>(number);
}

}  // namespace

void declare(config::Fields& f, BudgetOptions& o) {
  f("evaluations", o.evaluations, "observations that the search may make, line searches and noise included",
    config::at_least(1));
  f("target", o.target, "end the run when the answer's mean is at most this");
  f("stagnation", o.stagnation,
    "end the run when the mean of so many observations is not below that of as many before them, within the noise",
    config::at_least(2));
}

void declare(config::Fields& f, AnswerOptions& o) {
  f("evaluations", o.evaluations, "observations of the recommended point, beside the budget, at every evaluation",
    config::at_least(2));
  f("retries", o.retries, "how often a value that is not a finite number is asked for again", config::at_least(0));
}

void declare(config::Fields& f, BlackBoxOptions& o) {
  f("oracle", o.oracle, "what is asked for values", config::required());
  f("variables", o.variables,
    "names, ranges, scales and starts: 'rate: log 1e-4..1 from 1e-2', 'layers: integer 1..8'");
  f("bounds", o.bounds, "range of every variable that has none of its own");
  f("start", o.start, "where the search begins, a number for each variable (default: the oracle's)");
  f("budget", o.budget, "when the search ends");
  f("answer", o.answer, "how the recommended point is observed");
}

BlackBox::BlackBox(const BlackBoxOptions& options, const TaskContext& context)
    : options_(options),
      streams_(context.streams),
      oracle_(options.oracle.create()),
      files_(oracle_->files()),
      space_(oracle_->variables(), options.variables, options.bounds, options.start),
      data_({at::zeros({1})}) {
  point_ = module_.register_parameter("point", space_.start());
  counts_ = module_.register_parameter("counts", at::zeros({kCounts}, at::kLong), /*requires_grad=*/false);
  seen_ = module_.register_parameter("seen", at::zeros({kSeen}, at::kDouble), /*requires_grad=*/false);
  double* seen = seen_.mutable_data_ptr<double>();
  seen[least] = std::numeric_limits<double>::max();
  seen[largest] = std::numeric_limits<double>::lowest();
}

std::int64_t BlackBox::count(Count which) const {
  return counts_.const_data_ptr<std::int64_t>()[which];
}

void BlackBox::add(Count which, std::int64_t more) {
  counts_.mutable_data_ptr<std::int64_t>()[which] += more;
}

at::Tensor BlackBox::loss(const data::Batch&) {
  const std::uint64_t seed = at::detail::getDefaultCPUGenerator().current_seed();
  at::Tensor value = at::empty({}, at::kDouble);
  ask(point_.const_data_ptr<double>(), 1, std::span(&seed, 1), value.mutable_data_ptr<double>(), searches());
  watch(value.const_data_ptr<double>(), 1);
  if (!at::GradMode::is_enabled()) return value;
  return WithoutGradient::apply(point_, value);
}

at::Tensor BlackBox::observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t) {
  const at::Tensor at_points = points.contiguous();
  at::Tensor values =
      at::empty({points.size(0), static_cast<std::int64_t>(seeds.size()) / points.size(0)}, at::kDouble);
  ask(at_points.const_data_ptr<double>(), points.size(0), seeds, values.mutable_data_ptr<double>(), searches());
  watch(values.const_data_ptr<double>(), seeds.size());
  return values;
}

void BlackBox::ask(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values,
                   std::int64_t& spent) {
  const std::int64_t d = space_.size();
  std::vector<double> x(whole(m * d));
  for (std::int64_t i = 0; i < m; ++i) space_.to_oracle(points + i * d, x.data() + i * d);
  oracle_->observe(x.data(), m, seeds, values);
  spent += static_cast<std::int64_t>(seeds.size());
  const std::size_t draws = seeds.size() / whole(m);
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (!std::isfinite(values[i])) values[i] = asked_again(x.data() + i / draws * whole(d), seeds[i], values[i], spent);
}

double BlackBox::asked_again(const double* x, std::uint64_t seed, double value, std::int64_t& spent) {
  for (std::int64_t attempt = 1; attempt <= options_.answer.retries && !std::isfinite(value); ++attempt) {
    add(not_finite, 1);
    const std::uint64_t again = RandomStreams(seed).seed_of("asked again", static_cast<std::uint64_t>(attempt));
    oracle_->observe(x, 1, std::span(&again, 1), &value);
    ++spent;
  }
  if (std::isfinite(value)) return value;
  throw TrainingError(fmt::format(
      "the oracle's value is {} at {}, and stays so when it is asked again; bound the variables ('task.bounds') so "
      "that such points are not met",
      value, point_text(x)));
}

std::string BlackBox::point_text(const double* x) const {
  std::string text;
  const std::vector<std::string> names = space_.names();
  for (std::size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{}{} = {}", i > 0 ? ", " : "", names[i], config::number_text(x[i]));
  return text;
}

void BlackBox::watch(const double* values, std::size_t number) {
  double* seen = seen_.mutable_data_ptr<double>();
  for (std::size_t i = 0; i < number; ++i) {
    seen[least] = std::min(seen[least], values[i]);
    seen[largest] = std::max(seen[largest], values[i]);
    if (!options_.budget.stagnation) continue;
    if (seen[now_count] >= static_cast<double>(*options_.budget.stagnation)) {
      std::copy(seen + now_count, seen + kSeen, seen + earlier_count);
      std::fill(seen + now_count, seen + kSeen, 0.0);
    }
    seen[now_count] += 1;
    seen[now_sum] += values[i];
    seen[now_squares] += values[i] * values[i];
  }
}

std::string BlackBox::stagnation() const {
  const double* seen = seen_.const_data_ptr<double>();
  if (!options_.budget.stagnation || seen[earlier_count] == 0 ||
      seen[now_count] < static_cast<double>(*options_.budget.stagnation))
    return {};
  const double n = seen[now_count], earlier = seen[earlier_sum] / seen[earlier_count], now = seen[now_sum] / n;
  const double variance =
      std::max(0.0, seen[now_squares] / n - now * now) / n +
      std::max(0.0, seen[earlier_squares] / seen[earlier_count] - earlier * earlier) / seen[earlier_count];
  if (now < earlier - 2 * std::sqrt(variance)) return {};
  return fmt::format(
      "stagnation: the mean of the last {} observations, {:.6g}, is within the noise not below that of as "
      "many before them, {:.6g}",
      *options_.budget.stagnation, now, earlier);
}

std::string BlackBox::finished() {
  if (count(target_reached) > 0) return fmt::format("the target {} is reached", *options_.budget.target);
  if (count(searched) >= options_.budget.evaluations)
    return fmt::format("the budget of {} evaluations is spent", options_.budget.evaluations);
  const double* seen = seen_.const_data_ptr<double>();
  if (count(searched) >= kAlike && seen[least] == seen[largest])
    return fmt::format("all {} observations are {}: the function does not depend on its variables", count(searched),
                       seen[least]);
  return stagnation();
}

metrics::Counted BlackBox::counted() const {
  return {static_cast<double>(count(searched)), static_cast<double>(options_.budget.evaluations), "evaluations"};
}

NoisyLimits BlackBox::limits() const {
  return {std::max<std::int64_t>(0, options_.budget.evaluations - count(searched)), space_.lower(), space_.upper()};
}

Metrics BlackBox::evaluate() {
  const auto draws = static_cast<double>(options_.answer.evaluations);
  std::vector<std::uint64_t> seeds;
  for (std::int64_t k = 0; k < options_.answer.evaluations; ++k)
    seeds.push_back(streams_.seed_of("answer", static_cast<std::uint64_t>(k)));
  std::vector<double> values(seeds.size());
  const at::Tensor u = point_.detach().to(at::kDouble).contiguous();
  std::int64_t answered = 0;
  ask(u.const_data_ptr<double>(), 1, seeds, values.data(), answered);
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / draws;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / (draws - 1));

  std::vector<double> x(whole(space_.size()));
  space_.to_oracle(u.const_data_ptr<double>(), x.data());
  const std::optional<double> exact = oracle_->exact(x.data()), minimum = oracle_->minimum();
  if (options_.budget.target && exact.value_or(mean) <= *options_.budget.target) add(target_reached, 1);
  Metrics metrics = {{"evaluations", static_cast<double>(count(searched))},
                     {"answer_evaluations", static_cast<double>(answered)}};
  if (count(not_finite) > 0) metrics.emplace_back("non_finite", static_cast<double>(count(not_finite)));
  const std::vector<std::string> names = space_.names();
  if (space_.size() <= kFewVariables)
    for (std::size_t i = 0; i < names.size(); ++i) metrics.emplace_back("x/" + names[i], x[i]);
  metrics.emplace_back("noise", deviation);
  const double half_width = kNormalQuantile * deviation / std::sqrt(draws);
  metrics.emplace_back("half_width", half_width);
  metrics.emplace_back("mean", mean);
  metrics.emplace_back("loss", exact.value_or(mean) - minimum.value_or(0));
  answer_ = {{"mean", mean},
             {"interval", {mean - half_width, mean + half_width}},
             {"noise", deviation},
             {"evaluations", {{"search", count(searched)}, {"answer", answered}}}};
  for (std::size_t i = 0; i < names.size(); ++i) answer_["point"][names[i]] = x[i];
  answer_[metrics::kReportMember] = to_json(metrics::ReportSection{"Answer",
                                                                   "",
                                                                   {{"mean", "mean"},
                                                                    {"95 % interval", "interval"},
                                                                    {"noise of one evaluation", "noise"},
                                                                    {"recommended point", "point"},
                                                                    {"evaluations", "evaluations"}}});
  return metrics;
}

std::string BlackBox::announcement() const {
  if (!space_.has_integers()) return {};
  return "some variables are integers: the function is a staircase in them, on which differences of nearby points are "
         "zero; methods that compare distant points (cma_es) suit it better";
}

std::vector<plot::Figure> BlackBox::figures_over_time(const std::vector<metrics::Record>& records) {
  plot::Series gap{oracle_->minimum() ? "gap to the minimum" : "value", {}, {}};
  plot::Series low{"95 % confidence interval of the answer", {}, {}, plot::SeriesStyle::dashed}, high = low;
  for (const metrics::Record& record : records) {
    const auto find = [&](const std::string& name) {
      for (const auto& [key, value] : record.values)
        if (key == name) return value;
      return std::nan("");
    };
    const double evaluations = find("eval/evaluations");
    if (!(evaluations > 0)) continue;
    gap.x.push_back(evaluations);
    gap.y.push_back(find("eval/loss"));
    low.x.push_back(evaluations);
    low.y.push_back(find("eval/mean") - find("eval/half_width"));
    high.x.push_back(evaluations);
    high.y.push_back(find("eval/mean") + find("eval/half_width"));
  }
  if (gap.x.empty()) return {};
  plot::Figure figure;
  figure.name = "search";
  figure.title = "What the recommended point is worth";
  figure.x_label = "evaluations";
  figure.y_label = gap.name;
  figure.x_log = true;
  if (oracle_->minimum()) {
    figure.y_log = true;
    plot::Series rate{"slope −2/3", {}, {}, plot::SeriesStyle::dashed};
    for (const double evaluations : {gap.x.front(), gap.x.back()}) {
      rate.x.push_back(evaluations);
      rate.y.push_back(gap.y.back() * std::pow(evaluations / gap.x.back(), -2.0 / 3));
    }
    figure.series = {gap, rate};
    figure.caption =
        "The exact value of the recommended point less the minimum. Methods of stochastic approximation fall "
        "at best as evaluations to the power −2/3.";
  } else {
    high.style = plot::SeriesStyle::faint;
    low.style = plot::SeriesStyle::faint;
    figure.series = {gap, low, high};
    figure.caption = "The mean of fresh observations of the recommended point, within its 95 % confidence interval.";
  }
  return {figure};
}

}  // namespace talweg::tasks
