#include "tasks/black_box/benchmark/optimizer_benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/libtorch.h"
#include "core/optimizer/abilities.h"
#include "core/train/fit.h"
#include "tasks/black_box/benchmark/profiles.h"
#include "tasks/black_box/black_box.h"

namespace talweg::tasks {
namespace {

/// Neighbouring places of a history, at which a profile can rise, lie in this ratio.
constexpr double kGridRatio = 1.05;
constexpr double kUnsolved = std::numeric_limits<double>::infinity();

config::Component<OracleKind> noisy_problem(const std::string& problem, double sigma, NoisePlace place) {
  config::Component<OracleKind> oracle("more_wild", {{"problem", problem}});
  config::Value noise = config::Value::mapping();
  noise.set("sigma", config::Value::scalar(config::number_text(sigma)));
  oracle.set_default("noise", std::move(noise));
  oracle.set_default("noise_on", config::Converter<NoisePlace>::dump(place));
  return oracle;
}

}  // namespace

void declare(config::Fields& f, OptimizerBenchmarkOptions& o) {
  f("problems", o.problems, "names of problems (default: all 53)");
  f("noise", o.noise, "levels of sigma, one after the other", config::above(0));
  f("noise_on", o.noise_on, "what has noise: the value, or every component before it is squared");
  f("optimizers", o.optimizers, "optimizers that need values alone", config::required());
  f("seeds", o.seeds, "searches of every optimizer on every problem", config::at_least(1));
  f("budget", o.budget, "evaluations of a search, in simplex gradients of n + 1", config::at_least(10));
  f("tolerances", o.tolerances, "tau: solved is what is within tau of the best that any optimizer reached",
    config::above(0), config::below(1));
}

void validate(const OptimizerBenchmarkOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const MoreWildProblem& problem : more_wild_problems()) known.push_back(problem.name);
  for (const std::string& name : o.problems)
    if (!find_more_wild(name))
      diagnostics.error(where.at("problems"),
                        fmt::format("there is no problem '{}' of Moré and Wild{}", name, io::suggestion(name, known)));
  if (o.optimizers.empty()) diagnostics.error(where.at("optimizers"), "'optimizers' names one at least");
  const std::vector<std::string> fit = config::Registry<OptimizerKind>::instance().names_with(NeedsNoGradient::ability);
  for (const auto& optimizer : o.optimizers)
    if (std::find(fit.begin(), fit.end(), optimizer.type()) == fit.end())
      diagnostics.error(where.at("optimizers"),
                        fmt::format("'{}' needs a gradient; choose optimizers that need values alone{}",
                                    optimizer.type(), optimizers_with(NeedsNoGradient::ability)));
}

OptimizerBenchmark::OptimizerBenchmark(const OptimizerBenchmarkOptions& options, const StudyContext& context)
    : options_(options), streams_(context.streams) {
  for (const MoreWildProblem& problem : more_wild_problems())
    if (options.problems.empty() ||
        std::find(options.problems.begin(), options.problems.end(), problem.name) != options.problems.end())
      problems_.push_back(&problem);
  for (const auto& optimizer : options.optimizers) {
    const auto alike = std::count_if(options.optimizers.begin(), options.optimizers.begin() + std::ssize(names_),
                                     [&](const auto& other) { return other.type() == optimizer.type(); });
    names_.push_back(alike == 0 ? optimizer.type() : fmt::format("{}_{}", optimizer.type(), alike + 1));
  }
  const auto budget = static_cast<double>(options.budget);
  for (double gradients = 1; gradients < budget; gradients *= kGridRatio) grid_.push_back(gradients);
  grid_.push_back(budget);
  histories_ = at::full({steps(), std::ssize(grid_)}, kUnsolved, at::kDouble);
}

std::int64_t OptimizerBenchmark::steps() const {
  return std::ssize(options_.noise) * std::ssize(problems_) * options_.seeds * std::ssize(names_);
}

double OptimizerBenchmark::work_until(std::int64_t steps) const {
  const std::int64_t of_problem = options_.seeds * std::ssize(names_);
  double work = 0;
  for (std::int64_t begin = 0, group = 0; begin < steps; begin += of_problem, ++group)
    work += static_cast<double>(std::min(of_problem, steps - begin) *
                                (problems_[static_cast<std::size_t>(group % std::ssize(problems_))]->n + 1));
  return work;
}

OptimizerBenchmark::Place OptimizerBenchmark::place_of(std::int64_t index) const {
  const auto rest = static_cast<std::size_t>(index);
  const std::size_t optimizers = names_.size(), seeds = static_cast<std::size_t>(options_.seeds);
  return {rest / optimizers / seeds / problems_.size(), rest / optimizers / seeds % problems_.size(),
          rest / optimizers % seeds, rest % optimizers};
}

void OptimizerBenchmark::step(std::int64_t index) {
  const at::AutoGradMode with_gradients(true);  // parameters are made
  const Place place = place_of(index);
  const MoreWildProblem& problem = *problems_[place.problem];
  const auto of_gradient = static_cast<double>(problem.n + 1);
  BlackBoxOptions box;
  box.oracle = noisy_problem(problem.name, options_.noise[place.noise], options_.noise_on);
  box.budget.evaluations = options_.budget * (problem.n + 1);
  const std::unique_ptr<Oracle> oracle = box.oracle.create();
  const TaskContext context{
      at::kCPU, at::kDouble,
      RandomStreams(streams_.seed_of("search", static_cast<std::uint64_t>(index / std::ssize(names_))))};
  double* history = histories_[index].mutable_data_ptr<double>();
  std::fill(history, history + grid_.size(), *oracle->exact(start_of(problem).data()));
  made_ = index + 1;
  try {
    BlackBox task(box, context);
    const at::Tensor point = task.module().named_parameters()["point"];
    FitOptions how;
    how.optimizer = options_.optimizers[place.optimizer];
    how.epochs = 1e12;
    how.batch_size = 1;
    Fit fit(task, how, context);
    std::size_t next = 0;  // the first place that is not passed
    for (std::int64_t made = 0; task.finished().empty(); ++made) {
      const double before = task.counted().done;
      fit.step(made);
      const double spent = task.counted().done;
      if (spent == before) break;
      const double value = *oracle->exact(point.const_data_ptr<double>());
      while (next < grid_.size() && grid_[next] * of_gradient < spent) ++next;
      if (next == grid_.size()) break;
      if (value < history[next]) std::fill(history + next, history + grid_.size(), value);
    }
  } catch (const TrainingError&) {
    ++refused_;  // what it had found counts
  } catch (const ConfigError&) {
    ++refused_;
  }
}

std::vector<std::vector<double>> OptimizerBenchmark::costs(std::size_t noise, double tau) const {
  std::vector<std::vector<double>> costs(names_.size());
  const std::int64_t solvers = std::ssize(names_), places = std::ssize(grid_);
  for (std::int64_t first = 0; first + solvers <= made_; first += solvers) {
    const Place place = place_of(first);
    if (place.noise != noise) continue;
    Histories histories;
    for (std::int64_t solver = 0; solver < solvers; ++solver) {
      const double* row = histories_.const_data_ptr<double>() + (first + solver) * places;
      histories.emplace_back(row, row + places);
    }
    const MoreWildProblem& problem = *problems_[place.problem];
    const auto oracle = noisy_problem(problem.name, options_.noise[noise], options_.noise_on).create();
    const std::vector<int> solved = solved_at(histories, *oracle->exact(start_of(problem).data()), tau);
    for (std::size_t solver = 0; solver < names_.size(); ++solver)
      costs[solver].push_back(solved[solver] < 0 ? kUnsolved : grid_[static_cast<std::size_t>(solved[solver])]);
  }
  return costs;
}

std::string OptimizerBenchmark::label(double noise, double tau) const {
  return fmt::format("{:g}/{:g}", noise, tau);
}

Metrics OptimizerBenchmark::evaluate() {
  Metrics metrics = {{"refused", static_cast<double>(refused_)}};
  for (std::size_t noise = 0; noise < options_.noise.size(); ++noise)
    for (const double tau : options_.tolerances) {
      const std::vector<std::vector<double>> all = costs(noise, tau);
      if (all.front().empty()) continue;
      for (const auto& [prefix, within] :
           {std::pair{"solved_in_100", 100.0}, std::pair{"solved", static_cast<double>(options_.budget)}})
        for (std::size_t solver = 0; solver < names_.size(); ++solver)
          metrics.emplace_back(fmt::format("{}/{}/{}", prefix, label(options_.noise[noise], tau), names_[solver]),
                               share_within(all[solver], within));
    }
  return metrics;
}

plot::Figure OptimizerBenchmark::data_profile(std::size_t noise, double tau) const {
  plot::Figure figure;
  figure.name = fmt::format("data_profile_noise_{:g}_tolerance_{:g}", options_.noise[noise], tau);
  figure.title = fmt::format("Data profile: noise {:g}, tolerance {:g}", options_.noise[noise], tau);
  figure.x_label = "simplex gradients (n + 1 evaluations)";
  figure.y_label = "share of problems solved";
  figure.x_log = true;
  const std::vector<std::vector<double>> all = costs(noise, tau);
  for (std::size_t solver = 0; solver < names_.size(); ++solver) {
    plot::Series series{names_[solver], grid_, {}};
    for (const double alpha : grid_) series.y.push_back(share_within(all[solver], alpha));
    figure.series.push_back(std::move(series));
  }
  figure.caption = fmt::format(
      "Solved: the mean without noise at the recommended point is within {:g} of the way from the start to the best "
      "that "
      "any of these optimizers reached. One gradient of ada_dfo takes about 100 simplex gradients with its defaults.",
      tau);
  return figure;
}

plot::Figure OptimizerBenchmark::performance_profile(std::size_t noise, double tau) const {
  plot::Figure figure;
  figure.name = fmt::format("performance_profile_noise_{:g}_tolerance_{:g}", options_.noise[noise], tau);
  figure.title = fmt::format("Performance profile: noise {:g}, tolerance {:g}", options_.noise[noise], tau);
  figure.x_label = "evaluations, in multiples of the best optimizer's on the same problem";
  figure.y_label = "share of problems solved";
  figure.x_log = true;
  const std::vector<std::vector<double>> ratios = ratios_to_best(costs(noise, tau));
  for (std::size_t solver = 0; solver < names_.size(); ++solver) {
    plot::Series series{names_[solver], {}, {}};
    for (double ratio = 1; ratio <= 256 * kGridRatio; ratio *= kGridRatio) {
      series.x.push_back(ratio);
      series.y.push_back(share_within(ratios[solver], ratio * (1 + 1e-9)));
    }
    figure.series.push_back(std::move(series));
  }
  figure.caption = "At 1 stands how often an optimizer was the first, far to the right how often it solves at all.";
  return figure;
}

std::vector<plot::Figure> OptimizerBenchmark::figures() {
  std::vector<plot::Figure> figures;
  for (std::size_t noise = 0; noise < options_.noise.size(); ++noise)
    for (const double tau : options_.tolerances) {
      if (costs(noise, tau).front().empty()) continue;
      figures.push_back(data_profile(noise, tau));
      figures.push_back(performance_profile(noise, tau));
    }
  return figures;
}

checkpoint::State OptimizerBenchmark::state() const {
  checkpoint::State state;
  state.add("histories", histories_.narrow(0, 0, made_).clone());
  state.values["refused"] = refused_;
  return state;
}

void OptimizerBenchmark::load(const checkpoint::State& state, std::int64_t steps) {
  const at::Tensor& histories = state.require("histories");
  if (histories.size(0) != steps || histories.size(1) != std::ssize(grid_))
    throw DataError("the state's histories are not those of this benchmark");
  made_ = steps;
  histories_.narrow(0, 0, made_).copy_(histories);
  refused_ = state.values.at("refused").get<std::int64_t>();
}

}  // namespace talweg::tasks
