#include "tasks/mean_field/dynamical_mean_field.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/study/number_list.h"
#include "tasks/mean_field/curve_overlay.h"
#include "tasks/mean_field/solver_state.h"
#include "tasks/mean_field/solver_threads.h"

namespace talweg::tasks {
namespace {

using mean_field::SymmetricSolver;

constexpr double kBytesOfAnEntry = 24;  // six triangles of doubles: 24·rows²
/// Thinned rows cost as if there were so many.
constexpr double kThinnedRows = 400;

double bytes_of(std::size_t rows) {
  return kBytesOfAnEntry * static_cast<double>(rows) * static_cast<double>(rows);
}
double memory_of_machine() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void check_memory(const DynamicalMeanFieldOptions& o, const std::vector<double>& steps, double width,
                  const config::Value& where, config::Diagnostics& diagnostics) {
  const double bytes = bytes_of(steps.size() + 1), machine = memory_of_machine();
  if (o.thin || bytes < 0.8 * machine) return;
  const double rows = std::sqrt(0.8 * machine / kBytesOfAnEntry);
  diagnostics.error(
      where.at("time"),
      fmt::format(
          "at m = {:g} the grid has {} rows, whose two-time functions take {:.1f} GB of this machine's {:.1f} GB: "
          "'thin: {{}}' forgets past times that interpolation gives back, {} rows would fit (a 'step' of {:.3g})",
          width, steps.size() + 1, bytes / 1e9, machine / 1e9, static_cast<std::int64_t>(rows),
          o.time.step * static_cast<double>(steps.size()) / rows));
}

void check_stability(const DynamicalMeanFieldOptions& o, double step, double width, const config::Value& where,
                     config::Diagnostics& diagnostics) {
  const mean_field::Problem problem = problem_at(o, width);
  const double rate = mean_field::stiff_rate(problem, problem.second_layer, 0);
  const double limit = mean_field::largest_stable_step(problem, o.integrator, rate);
  if (step < limit || o.beyond_stability) return;
  diagnostics.error(
      where.at("time"),
      fmt::format(
          "at m = {:g} the first step {:.4g} is beyond stability: the stiff rate is {:.4g} at the start, so that "
          "steps must stay below {:.4g}, and below less where a(t) grows; {:.2g} would do",
          width, step, rate, limit, 0.5 * limit));
}

void check_limit(const DynamicalMeanFieldOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  try {
    const TimeUnit unit = o.limit->create(o)->unit();
    if (unit != o.time.unit)
      diagnostics.error(where.at("limit"),
                        fmt::format("'{}' is a function of {}: set 'time.unit' so that the pictures are",
                                    o.limit->type(), axis_of(unit)));
  } catch (const ConfigError& error) {
    diagnostics.error(where.at("limit"), error.what());
  }
}

}  // namespace

void declare(config::Fields& f, ThinningOptions& o) {
  f("tolerance", o.tolerance, "relative error of cubic interpolation below which a past time is forgotten",
    config::above(0), config::below(1e-3));
  f("look_every", o.look_every, "steps between two looks for such times", config::at_least(1));
  f("keep_recent", o.keep_recent, "newest times that always stay", config::at_least(4));
}

void declare(config::Fields& f, DynamicalMeanFieldOptions& o) {
  declare(f, static_cast<NetworkOptions&>(o));
  f("widths", o.widths, "m: neurons; one number or several, which are solved one after the other", config::at_least(1));
  f("lazy_limit", o.lazy_limit,
    "solve the limit of large lazy networks at t = O(1) instead, with 'gamma' and 'alpha'; the width plays no part");
  f("integrator", o.integrator,
    "gd_exact: the limit of gradient descent with this step; paper_euler: explicit Euler of gradient flow");
  f("time", o.time, "times at which the equations are solved");
  f("thin", o.thin, "forget past times between which everything is smooth: long times on a fine grid");
  f("beyond_stability", o.beyond_stability, "allow steps of gd_exact beyond stability, as descent itself makes them");
  f("report", o.report, "times, in the unit of 'time', at which numbers are reported", config::at_least(0));
  f("limit", o.limit, "a limit of many neurons, drawn dashed into the pictures; 'time.unit' must be its own");
  f("networks", o.networks,
    "folders of runs or sweeps of 'two_layer_network', drawn as points: means and standard errors of each width");
}

void validate(const DynamicalMeanFieldOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.messages().size();
  validate(static_cast<const NetworkOptions&>(o), where, diagnostics);
  if (o.widths.empty()) diagnostics.error(where.at("widths"), "'widths' needs a number");
  if (o.lazy_limit && (!o.gamma || !o.alpha))
    diagnostics.error(where.at("lazy_limit"), "'lazy_limit' needs 'gamma' and 'alpha'");
  if (o.beyond_stability && o.integrator != mean_field::Integrator::gd_exact)
    diagnostics.error(where.at("beyond_stability"), "'beyond_stability' is for 'integrator: gd_exact'");
  check_report(o.report, o.time.until, where, diagnostics);
  if (diagnostics.messages().size() != before) return;
  if (o.limit) check_limit(o, where, diagnostics);
  for (const double width : o.widths) {
    try {
      const std::vector<double> steps = steps_of(o.time, width);
      check_memory(o, steps, width, where, diagnostics);
      check_stability(o, steps[0], width, where, diagnostics);
    } catch (const ConfigError& error) {
      diagnostics.error(where.at("time"), error.what());
    }
  }
}

mean_field::Problem problem_at(const DynamicalMeanFieldOptions& o, double width) {
  const mean_field::Problem problem = make_problem(o, width);
  return o.lazy_limit ? mean_field::lazy_limit(problem, *o.gamma, *o.alpha) : problem;
}

DynamicalMeanField::DynamicalMeanField(const DynamicalMeanFieldOptions& options, const StudyContext& context)
    : options_(options) {
  if (!context.device.is_cpu())
    throw ConfigError("device: 'dynamical_mean_field' computes on the CPU; set 'device: cpu'");
  networks_ = read_trained_networks({options_.networks.begin(), options_.networks.end()});
  for (const double width : options_.widths) {
    grids_.push_back(steps_of(options_.time, width));
    curves_.push_back({width, problem_at(options_, width).noise, {}});
  }
}

std::int64_t DynamicalMeanField::steps() const {
  std::int64_t rows = 0;
  for (const auto& grid : grids_) rows += static_cast<std::int64_t>(grid.size()) + 1;
  return rows;
}

std::pair<std::size_t, std::size_t> DynamicalMeanField::place(std::int64_t index) const {
  auto row = static_cast<std::size_t>(index);
  std::size_t width = 0;
  while (row > grids_[width].size()) row -= grids_[width++].size() + 1;
  return {width, row};
}

double DynamicalMeanField::work_until(std::int64_t steps) const {
  double work = 0;
  auto left = static_cast<std::size_t>(steps);
  for (const auto& grid : grids_) {
    const auto rows = static_cast<double>(std::min(left, grid.size() + 1));
    // Σ k² over the rows, and something for what a row costs by itself.
    const double cubic = options_.thin ? kThinnedRows * kThinnedRows * rows : rows * (rows + 1) * (2 * rows + 1) / 6;
    work += cubic + 2000 * rows;
    left -= static_cast<std::size_t>(rows);
  }
  return work;
}

void DynamicalMeanField::begin(std::size_t width) {
  solver_ =
      std::make_unique<SymmetricSolver>(problem_at(options_, options_.widths[width]), options_.integrator, on_threads);
  if (options_.beyond_stability) solver_->allow_beyond_stability();
  if (!options_.thin) solver_->reserve(grids_[width].size() + 1);
  solving_ = width;
}

void DynamicalMeanField::step(std::int64_t index) {
  const auto [width, row] = place(index);
  if (row == 0) begin(width);
  curves_[width].points.push_back(solver_->measure());
  if (row == grids_[width].size()) return;
  solver_->advance(grids_[width][row]);
  if (options_.thin && row % static_cast<std::size_t>(options_.thin->look_every) == 0) {
    mean_field::Thinning thinning = *options_.thin;
    thinning.recent = static_cast<std::size_t>(options_.thin->keep_recent);
    mean_field::thin(solver_->state(), thinning);
  }
}

Metrics DynamicalMeanField::evaluate() {
  Metrics metrics;
  if (solver_) metrics.emplace_back("rows", static_cast<double>(solver_->state().rows));
  for (const MeanFieldCurve& curve : curves_) {
    const std::string prefix = curves_.size() == 1 ? "" : fmt::format("m{:g}/", curve.width);
    for (auto& metric : curve_metrics(curve, options_.report, options_.time.unit, prefix))
      metrics.push_back(std::move(metric));
  }
  return metrics;
}

std::vector<plot::Figure> DynamicalMeanField::figures() {
  std::vector<plot::Figure> figures = curve_figures(curves_, options_.time.unit);
  if (options_.limit) draw_limit(*options_.limit->create(options_), options_.time.until, figures);
  if (!networks_.empty()) draw_networks(networks_, options_.time.unit, figures);
  if (solver_)
    for (plot::Figure& map : two_time_figures(solver_->state(), solver_->problem().width))
      figures.push_back(std::move(map));
  return figures;
}

checkpoint::State DynamicalMeanField::state() const {
  checkpoint::State state;
  for (std::size_t i = 0; i < curves_.size(); ++i)
    state.add(fmt::format("curve{}", i), tensor_of_points(curves_[i].points));
  if (solver_) state.add("solver", state_of(solver_->state()));
  state.values["solving"] = solver_ ? static_cast<std::int64_t>(solving_) : -1;
  return state;
}

void DynamicalMeanField::load(const checkpoint::State& state, std::int64_t) {
  for (std::size_t i = 0; i < curves_.size(); ++i)
    curves_[i].points = points_of_tensor(state.require(fmt::format("curve{}", i)));
  const auto solving = state.values.at("solving").get<std::int64_t>();
  if (solving < 0) return;
  begin(static_cast<std::size_t>(solving));
  load_state(state.part("solver"), solver_->state());
  solver_->observables() = curves_[solving_].points;
}

}  // namespace talweg::tasks
