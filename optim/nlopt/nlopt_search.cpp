#include "optim/nlopt/nlopt_search.h"

#include <fmt/format.h>
#include <nlopt.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/visited_points.h"
#include "core/optimizer/abilities.h"

namespace talweg::optim {
namespace {

/// The methods keep about d² numbers or more.
constexpr std::int64_t kMostVariables = 1000;
/// A value that is no number is as good as none.
constexpr double kUseless = 1e100;

/// One start of a method.
struct Start {
  nlopt_algorithm algorithm;
  std::vector<double> lower, upper, step;
};

/// What a call of NLopt knows.
struct Call {
  nlopt_opt opt;
  const InvertedSearch::Function& function;
  std::vector<double>& best;
  double& least;
  std::int64_t evaluations = 0;
  bool stopped = false;
};

double value_for_nlopt(unsigned n, const double* x, double*, void* data) {
  Call& call = *static_cast<Call*>(data);
  const std::optional<double> value = call.stopped ? std::nullopt : call.function(x);
  if (!value) {
    call.stopped = true;
    nlopt_force_stop(call.opt);
    return HUGE_VAL;
  }
  ++call.evaluations;
  if (*value < call.least) {
    call.least = *value;
    call.best.assign(x, x + n);
  }
  return *value;
}

/// Searches from `best`, again and again from the best point so far, until a start comes to nothing.
void search_with(const Start& start, std::vector<double> best, const InvertedSearch::Function& function) {
  double least = HUGE_VAL;
  for (;;) {
    nlopt_opt opt = nlopt_create(start.algorithm, static_cast<unsigned>(best.size()));
    Call call{opt, function, best, least};
    nlopt_set_min_objective(opt, value_for_nlopt, &call);
    if (!start.lower.empty()) {
      nlopt_set_lower_bounds(opt, start.lower.data());
      nlopt_set_upper_bounds(opt, start.upper.data());
    }
    nlopt_set_initial_step(opt, start.step.data());
    std::vector<double> x = best;
    double value = 0;
    nlopt_optimize(opt, x.data(), &value);
    nlopt_destroy(opt);
    if (call.stopped || call.evaluations <= static_cast<std::int64_t>(best.size()) + 1) return;
  }
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

}  // namespace

void declare(config::Fields& f, NloptSearchOptions& o) {
  f("initial_step", o.initial_step, "distance of the first points from the start", config::above(0));
  f("draws", o.draws, "observations of a point, of which the method sees the mean", config::at_least(1));
  f("points", o.points, "points that are observed in a step of the run", config::at_least(1));
}

NloptSearch::NloptSearch(ParameterList parameters, const NelderMeadOptions& options)
    : NloptSearch(std::move(parameters), Method::nelder_mead, options) {}
NloptSearch::NloptSearch(ParameterList parameters, const SbplxOptions& options)
    : NloptSearch(std::move(parameters), Method::sbplx, options) {}
NloptSearch::NloptSearch(ParameterList parameters, const CobylaOptions& options)
    : NloptSearch(std::move(parameters), Method::cobyla, options) {}
NloptSearch::NloptSearch(ParameterList parameters, const BobyqaOptions& options)
    : NloptSearch(std::move(parameters), Method::bobyqa, options) {}

const char* NloptSearch::name() const {
  switch (method_) {
    case Method::nelder_mead:
      return "nelder_mead";
    case Method::sbplx:
      return "sbplx";
    case Method::cobyla:
      return "cobyla";
    case Method::bobyqa:
      return "bobyqa";
  }
  return "";
}

void NloptSearch::begin_run(const RunPlan& plan, Objective& objective) {
  std::int64_t d = 0;
  for (const at::Tensor& parameter : tensors()) d += parameter.numel();
  if (d > kMostVariables)
    throw ConfigError(
        fmt::format("optimizer.type: '{}' is for at most {} variables, and there are {}; 'spsa' and "
                    "'cma_es' take as many",
                    name(), kMostVariables, d));
  if (method_ == Method::bobyqa && d < 2)
    throw ConfigError("optimizer.type: 'bobyqa' needs two variables at least; 'nelder_mead' searches one");
  ObservingOptimizer::begin_run(plan, objective);
}

void NloptSearch::begin(const Observer& observer) {
  static constexpr nlopt_algorithm kAlgorithms[] = {NLOPT_LN_NELDERMEAD, NLOPT_LN_SBPLX, NLOPT_LN_COBYLA,
                                                    NLOPT_LN_BOBYQA};
  if (!origin_.defined()) origin_ = observer.inside(observer.here()).clone();
  Start start{kAlgorithms[static_cast<int>(method_)], {}, {}, {}};
  start.step.assign(static_cast<std::size_t>(origin_.numel()), options_.initial_step);
  if (observer.box().lower.defined()) {
    start.lower = numbers(observer.box().lower);
    start.upper = numbers(observer.box().upper);
    for (std::size_t i = 0; i < start.step.size(); ++i)
      start.step[i] = std::min(start.step[i], 0.45 * (start.upper[i] - start.lower[i]));
  }
  search_ = std::make_unique<InvertedSearch>(
      origin_.numel(),
      [start, origin = numbers(origin_)](const InvertedSearch::Function& f) { search_with(start, origin, f); });
  best_ = numbers(origin_);
  least_ = HUGE_VAL;
  for (const double value : values_) {
    const std::vector<double>* point = search_->wanted();
    if (!point) break;
    take(*point, value);
  }
}

void NloptSearch::take(const std::vector<double>& point, double value) {
  if (value < least_) {
    least_ = value;
    best_ = point;
  }
  search_->tell(value);
}

void NloptSearch::advance(Observer& observer, StepReport& report) {
  if (!observer.affords(options_.draws)) {
    report.status = StepStatus::out_of_evaluations;
    return;
  }
  if (!search_) begin(observer);
  for (std::int64_t i = 0; i < options_.points && observer.affords(options_.draws); ++i) {
    const std::vector<double>* point = search_->wanted();
    if (!point) {
      report.status = StepStatus::converged;
      break;
    }
    const at::Tensor x = at::tensor(at::ArrayRef<double>(*point), at::kDouble).unsqueeze(0);
    const double mean = observer.observe(x, options_.draws).mean().item<double>();
    values_.push_back(std::isfinite(mean) ? mean : kUseless);
    take(*point, values_.back());
  }
  report.step_size = options_.initial_step;
  report.scalars = {{"least_observed", least_}};
  if (report.status == StepStatus::converged && observer.evaluations() == 0) {
    report.loss = at::full({}, least_, at::kDouble);
    return;
  }
  move_to(observer, at::tensor(at::ArrayRef<double>(best_), at::kDouble));
}

void NloptSearch::save_search(OptimizerState& state) const {
  if (!origin_.defined()) return;
  state.tensors = {{"origin", origin_}, {"values", at::tensor(at::ArrayRef<double>(values_), at::kDouble)}};
}

void NloptSearch::load_search(const OptimizerState& state) {
  search_.reset();
  origin_ = at::Tensor();
  values_.clear();
  for (const auto& [key, tensor] : state.tensors) {
    if (key == "origin") origin_ = tensor.clone();
    if (key == "values") values_ = numbers(tensor);
  }
}

void register_nlopt() {
  static const bool once = [] {
    auto& optimizers = config::Registry<OptimizerKind>::instance();
    const auto add = [&]<class Options>(const Options&, const char* name, const char* summary, const char* source) {
      optimizers.add<Options>(
          name, summary, source,
          [](const Options& options, const ParameterList& parameters) -> std::unique_ptr<Optimizer> {
            return std::make_unique<NloptSearch>(parameters, options);
          },
          abilities_of<NloptSearch>());
    };
    add(NelderMeadOptions{}, "nelder_mead", "a simplex that is turned and shrunk", "Nelder and Mead 1965, by NLopt");
    add(SbplxOptions{}, "sbplx", "Nelder-Mead in subspaces", "Rowan 1990, by NLopt");
    add(CobylaOptions{}, "cobyla", "linear models in a trust region", "Powell 1994, by NLopt");
    add(BobyqaOptions{}, "bobyqa", "quadratic models in a trust region", "Powell 2009, by NLopt");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
