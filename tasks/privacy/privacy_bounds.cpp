#include "tasks/privacy/privacy_bounds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/io/closest_word.h"
#include "core/libtorch.h"
#include "core/privacy/hidden_state.h"
#include "core/study/number_list.h"

namespace talweg::tasks {
namespace {

using privacy::BoundSetting;

constexpr int kCurvePoints = 200;
constexpr std::int64_t kChainSteps = 200;

/// A bound ε(α)/α by its name, with what its legend says.
struct NamedBound {
  const char* legend;
  double (*value)(const BoundSetting&, double steps, double weak_convexity);
  bool at_epoch_ends = false;  ///< a cut epoch costs one use more, which would draw teeth
};

double certified_for_shuffled_epochs(const BoundSetting& s, double steps, double) {
  const privacy::Mechanism m{.sampling = Sampling::shuffle,
                             .sampling_rate = 1 / std::ceil(s.examples / s.batch),
                             .noise_multiplier = s.noise * s.batch / s.clip_norm,
                             .clip_norm = s.clip_norm,
                             .batch_size = s.batch,
                             .learning_rate = s.learning_rate,
                             .domain = privacy::BoundedDomain{.radius = s.diameter / 2, .smoothness = s.smoothness}};
  return privacy::shuffle_bounded_bound(m, std::llround(steps)).divergence;
}

const std::map<std::string, NamedBound>& named_bounds() {
  static const std::map<std::string, NamedBound> list = {
      {"bounded_domain",
       {"bounded domain (Liang et al.)",
        [](const BoundSetting& s, double t, double) { return bounded_domain_bound(s, t); }}},
      {"unbounded_domain",
       {"unbounded domain (Liang et al.)",
        [](const BoundSetting& s, double t, double) { return unbounded_domain_bound(s, t); }}},
      {"feldman", {"Feldman et al.", [](const BoundSetting& s, double t, double) { return feldman_bound(s, t); }}},
      {"composition", {"composition", [](const BoundSetting& s, double t, double) { return composition_bound(s, t); }}},
      {"altschuler_talwar",
       {"Altschuler and Talwar",
        [](const BoundSetting& s, double t, double) { return altschuler_talwar_bound(s, t); }}},
      {"kong_ribero",
       {"Kong and Ribero", [](const BoundSetting& s, double, double m) { return kong_ribero_bound(s, m); }}},
      {"trivial_of_figure",
       {"one noisy step, as drawn", [](const BoundSetting& s, double, double) { return trivial_bound_of_figure(s); }}},
      {"trivial",
       {"one noisy step, D the diameter", [](const BoundSetting& s, double, double) { return trivial_bound(s); }}},
      {"dc_shuffle", {"certified, shuffled epochs", certified_for_shuffled_epochs, true}}};
  return list;
}

std::vector<std::string> names_of_bounds() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : named_bounds()) names.push_back(name);
  return names;
}

}  // namespace

void declare(config::Fields& f, PrivacyBoundsOptions& o) {
  f("order", o.order, "Rényi order alpha", config::above(1));
  f("smoothness", o.smoothness, "L: Lipschitz constant of every example's gradient", config::at_least(0));
  f("clip_norm", o.clip_norm, "C: norm that every example's gradient is clipped to", config::above(0));
  f("noise", o.noise, "sigma: deviation of the noise on the mean gradient", config::above(0));
  f("diameter", o.diameter, "D: diameter of the domain", config::above(0));
  f("examples", o.examples, "n: size of the data set", config::at_least(1));
  f("batches", o.batches, "b: batch sizes");
  f("learning_rate", o.learning_rate, "eta: step size", config::above(0));
  f("weak_convexity", o.weak_convexity, "m: weak convexity of the bound of Kong and Ribero", config::above(0));
  f("bounds", o.bounds, fmt::format("which bounds: {}", fmt::join(names_of_bounds(), ", ")));
  f("unit", o.unit, "what `at` counts");
  f("at", o.at, "when the bounds are recorded; the picture ends at the last");
  f("exact_chain", o.exact_chain, "also draw the exact loss of a one-dimensional chain with full batches");
}

void validate(const PrivacyBoundsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.batches.empty()) diagnostics.error(where.where, "'batches' needs at least one batch size");
  for (const std::int64_t batch : o.batches)
    if (batch < 1 || batch > o.examples) diagnostics.error(where.where, "'batches' must lie between 1 and 'examples'");
  if (o.bounds.empty()) diagnostics.error(where.where, "'bounds' needs at least one bound");
  for (const std::string& name : o.bounds)
    if (!named_bounds().contains(name))
      diagnostics.error(where.where,
                        fmt::format("there is no bound '{}'{}", name, io::suggestion(name, names_of_bounds())));
  if (o.at.empty() || *std::min_element(o.at.begin(), o.at.end()) < 1)
    diagnostics.error(where.where, "'at' needs numbers of at least 1");
}

PrivacyBounds::PrivacyBounds(const PrivacyBoundsOptions& options, const StudyContext&) : options_(options) {
  if (options_.exact_chain)
    chain_.emplace(privacy::BoundedChain::Setting{.smoothness = options_.smoothness,
                                                  .clip_norm = options_.clip_norm,
                                                  .noise = options_.noise,
                                                  .radius = options_.diameter / 2,
                                                  .examples = static_cast<double>(options_.examples),
                                                  .learning_rate = options_.learning_rate});
}

BoundSetting PrivacyBounds::setting(std::int64_t batch) const {
  return {.smoothness = options_.smoothness,
          .clip_norm = options_.clip_norm,
          .noise = options_.noise,
          .diameter = options_.diameter,
          .examples = static_cast<double>(options_.examples),
          .batch = static_cast<double>(batch),
          .learning_rate = options_.learning_rate};
}

std::int64_t PrivacyBounds::curve_count() const {
  return static_cast<std::int64_t>(options_.batches.size() * options_.bounds.size());
}

std::int64_t PrivacyBounds::last_time() const {
  return *std::max_element(options_.at.begin(), options_.at.end());
}

std::int64_t PrivacyBounds::steps() const {
  return 1 + curve_count() + (options_.exact_chain ? kChainSteps : 0);
}

void PrivacyBounds::step(std::int64_t index) {
  if (index == 0)
    split_ = find_split();
  else if (index <= curve_count())
    curves_.push_back(curve(index - 1));
  else
    step_chain();
}

double PrivacyBounds::find_split() const {
  // Golden section: the flat bound is convex in β and infinite at both ends.
  const BoundSetting first = setting(options_.batches.front());
  const auto value = [&](double split) { return flat_bound_at_split(first, split); };
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = 0, high = 1, left = 1 - ratio, right = ratio, of_left = value(left), of_right = value(right);
  for (int i = 0; i < 60; ++i) {
    if (of_left < of_right) {
      high = std::exchange(right, left);
      of_right = std::exchange(of_left, value(left = high - ratio * (high - low)));
    } else {
      low = std::exchange(left, right);
      of_left = std::exchange(of_right, value(right = low + ratio * (high - low)));
    }
  }
  return (low + high) / 2;
}

double PrivacyBounds::bound(const std::string& name, std::int64_t batch, double duration) const {
  const double per_epoch = static_cast<double>(options_.examples) / static_cast<double>(batch);
  const double steps = options_.unit == Duration::epochs ? duration * per_epoch : duration;
  return options_.order * named_bounds().at(name).value(setting(batch), steps, options_.weak_convexity);
}

Metrics PrivacyBounds::evaluate() {
  const BoundSetting first = setting(options_.batches.front());
  Metrics metrics;
  if (split_) metrics.emplace_back("split", *split_);
  metrics.emplace_back("best_split", best_noise_split(first));
  metrics.emplace_back("saturation", saturation_step(first));
  const std::string& main = options_.bounds.front();
  const auto last = static_cast<double>(last_time());
  double largest = 0;
  for (const std::int64_t batch : options_.batches) largest = std::max(largest, bound(main, batch, last));
  for (const std::int64_t batch : options_.batches) {
    const std::string of_batch = options_.batches.size() == 1 ? "" : fmt::format("_b{}", batch);
    for (const std::int64_t t : options_.at)
      metrics.emplace_back(fmt::format("{}{}_{}", main, of_batch, t), bound(main, batch, static_cast<double>(t)));
    for (const std::string& name : options_.bounds)
      if (name != main) metrics.emplace_back(name + of_batch, bound(name, batch, last));
    if (!of_batch.empty()) metrics.emplace_back("share" + of_batch, bound(main, batch, last) / largest);
  }
  return metrics;
}

plot::Series PrivacyBounds::curve(std::int64_t index) const {
  const auto of_bounds = static_cast<std::int64_t>(options_.bounds.size());
  const std::int64_t batch = options_.batches[static_cast<std::size_t>(index / of_bounds)];
  const std::string& name = options_.bounds[static_cast<std::size_t>(index % of_bounds)];
  const NamedBound& known = named_bounds().at(name);
  const double epoch = std::ceil(static_cast<double>(options_.examples) / static_cast<double>(batch));
  plot::Series series;
  series.name = known.legend;
  if (options_.batches.size() > 1)
    series.name = fmt::format("b = {}", batch) + (of_bounds > 1 ? ", " + series.name : "");
  if (name != options_.bounds.front()) series.style = plot::SeriesStyle::dashed;
  for (int i = 1; i <= kCurvePoints; ++i) {
    double x = std::max(1.0, std::round(static_cast<double>(last_time()) * i / kCurvePoints));
    if (known.at_epoch_ends && options_.unit == Duration::steps) x = std::ceil(x / epoch) * epoch;
    series.x.push_back(x);
    series.y.push_back(bound(name, batch, x));
  }
  return series;
}

void PrivacyBounds::step_chain() {
  chain_->step();
  divergences_.push_back(chain_->divergence(options_.order));
}

plot::Figure PrivacyBounds::curve_figure() const {
  plot::Figure figure;
  figure.name = "bounds";
  figure.title = fmt::format("Rényi loss at order {:g}", options_.order);
  figure.x_label = options_.unit == Duration::epochs ? "epochs" : "steps T";
  figure.y_label = "ε(α)";
  figure.caption =
      "Bounds on the loss of the last iterate. Dashed: bounds for other assumptions. Only 'certified' is a guarantee, "
      "for "
      "shuffled epochs and the assumed smoothness.";
  figure.y_log = options_.bounds.size() > 1;
  figure.series = curves_;
  return figure;
}

plot::Figure PrivacyBounds::chain_figure() const {
  plot::Figure figure;
  figure.name = "exact_chain";
  figure.title = fmt::format("Exact loss in one dimension, full batches, order {:g}", options_.order);
  figure.x_label = "steps T";
  figure.y_label = "ε(α)";
  figure.caption =
      "The exact Rényi divergence of the last iterate of two neighbouring chains on a concave loss, and the bound for "
      "the same "
      "setting: the loss converges without convexity, the bound is tight while it grows and loose once it is flat.";
  plot::Series exact, certified;
  exact.name = "exact";
  certified.name = "bound";
  certified.style = plot::SeriesStyle::dashed;
  const BoundSetting full = setting(options_.examples);
  for (std::size_t i = 0; i < divergences_.size(); ++i) {
    const auto step = static_cast<double>(i + 1);
    exact.x.push_back(step);
    exact.y.push_back(divergences_[i]);
    certified.x.push_back(step);
    certified.y.push_back(options_.order * certified_for_shuffled_epochs(full, step, 0));
  }
  figure.y_log = true;
  figure.series = {std::move(exact), std::move(certified)};
  return figure;
}

std::vector<plot::Figure> PrivacyBounds::figures() {
  std::vector<plot::Figure> list = {curve_figure()};
  if (options_.exact_chain) list.push_back(chain_figure());
  return list;
}

checkpoint::State PrivacyBounds::state() const {
  checkpoint::State state;
  if (split_) state.add("split", tensor_of({*split_}));
  if (chain_) {
    state.add("law", tensor_of(chain_->law()));
    state.add("divergences", tensor_of(divergences_));
  }
  return state;
}

void PrivacyBounds::load(const checkpoint::State& state, std::int64_t steps) {
  if (steps > 0) split_ = numbers_of(state.require("split")).front();
  // Curves are closed forms: they are what they were, and cost less than reading them.
  curves_.clear();
  for (std::int64_t i = 0; i < std::min(steps - 1, curve_count()); ++i) curves_.push_back(curve(i));
  if (!chain_) return;
  chain_->set_law(numbers_of(state.require("law")));
  divergences_ = numbers_of(state.require("divergences"));
}

}  // namespace talweg::tasks
