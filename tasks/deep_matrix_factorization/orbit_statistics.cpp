#include "tasks/deep_matrix_factorization/orbit_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/libtorch.h"
#include "tasks/deep_matrix_factorization/mode_dynamics.h"

namespace talweg::tasks {
namespace {

constexpr int kLongestPeriod = 64;
constexpr std::size_t kMostListed = 32;
constexpr double kMoves = 1e-6;                           // relative to σ: more is an oscillation
constexpr int kDiagramColumns = 500, kDiagramRows = 320;  // points of a diagram that fall together are drawn once

double value_at(const Orbits& orbits, std::int64_t time, std::size_t mode, std::size_t k) {
  const auto r = static_cast<std::int64_t>(orbits.singular_values.size());
  const auto count = static_cast<std::int64_t>(orbits.step_sizes.size());
  return orbits.values
      .const_data_ptr<double>()[(time * r + static_cast<std::int64_t>(mode)) * count + static_cast<std::int64_t>(k)];
}

bool oscillates(const Orbits& orbits, std::size_t mode, std::size_t k) {
  return !orbits.left[k] && oscillation_of(orbits, mode, k) > kMoves * orbits.singular_values[mode];
}

plot::Series vertical(double x, double low, double high, const std::string& name, int colour) {
  plot::Series line;
  line.name = name;
  line.style = plot::SeriesStyle::dashed;
  line.x = {x, x};
  line.y = {low, high};
  line.colour = colour;
  return line;
}

plot::Figure diagram(const Orbits& orbits) {
  plot::Figure figure;
  figure.name = "bifurcation_diagram";
  figure.title = "Bifurcation diagram";
  figure.x_label = "step size η";
  figure.y_label = "singular values of the product";
  figure.caption = fmt::format(
      "The last {} iterates of every mode against the step size. Dashed: the edges of stability 2/S of the modes, "
      "S = Lσ^(2−2/L). Step sizes whose network diverged are empty.",
      orbits.values.size(0));
  double low = 0, high = 0;
  const double first = orbits.step_sizes.front(), last = orbits.step_sizes.back();
  for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k)
    if (!orbits.left[k])
      high = std::max(high, orbits.values.select(2, static_cast<std::int64_t>(k)).max().item<double>());
  for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode) {
    plot::Series series;
    series.name = fmt::format("mode {} (σ = {:g})", mode + 1, orbits.singular_values[mode]);
    series.style = plot::SeriesStyle::points;
    series.colour = static_cast<int>(mode);
    std::set<std::pair<int, int>> drawn;
    for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k) {
      if (orbits.left[k]) continue;
      for (std::int64_t t = 0; t < orbits.values.size(0); ++t) {
        const double x = orbits.step_sizes[k], y = value_at(orbits, t, mode, k);
        const auto cell =
            std::pair(last > first ? static_cast<int>((x - first) / (last - first) * kDiagramColumns) : 0,
                      high > low ? static_cast<int>(std::floor((y - low) / (high - low) * kDiagramRows)) : 0);
        if (!drawn.insert(cell).second) continue;
        series.x.push_back(x);
        series.y.push_back(y);
      }
    }
    figure.series.push_back(std::move(series));
  }
  for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode) {
    const double edge = 2 / static_cast<double>(edge_constant(orbits.depth, orbits.singular_values[mode]));
    if (edge >= first && edge <= last)
      figure.series.push_back(vertical(edge, low, high, fmt::format("2/S{}", mode + 1), static_cast<int>(mode)));
  }
  return figure;
}

plot::Figure ranges(const Orbits& orbits) {
  plot::Figure figure;
  figure.name = "oscillation_range";
  figure.title = "Oscillation range";
  figure.x_label = "step size η";
  figure.y_label = "difference of the last iterates";
  figure.caption = "A mode begins to oscillate where the step size crosses its edge of stability (dashed).";
  double high = 0;
  for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode) {
    plot::Series series;
    series.name = fmt::format("mode {} (σ = {:g})", mode + 1, orbits.singular_values[mode]);
    series.colour = static_cast<int>(mode);
    for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k) {
      series.x.push_back(orbits.step_sizes[k]);
      series.y.push_back(orbits.left[k] ? std::nan("") : oscillation_of(orbits, mode, k));
      if (!orbits.left[k]) high = std::max(high, series.y.back());
    }
    figure.series.push_back(std::move(series));
  }
  for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode) {
    const double edge = 2 / static_cast<double>(edge_constant(orbits.depth, orbits.singular_values[mode]));
    if (edge >= orbits.step_sizes.front() && edge <= orbits.step_sizes.back())
      figure.series.push_back(vertical(edge, 0, high, fmt::format("2/S{}", mode + 1), static_cast<int>(mode)));
  }
  return figure;
}

}  // namespace

double oscillation_of(const Orbits& orbits, std::size_t mode, std::size_t k) {
  const std::int64_t last = orbits.values.size(0) - 1;
  return std::abs(value_at(orbits, last, mode, k) - value_at(orbits, last - 1, mode, k));
}

std::optional<int> period_of(const Orbits& orbits, std::size_t mode, std::size_t k, double tolerance) {
  const std::int64_t times = orbits.values.size(0);
  for (int period = 1; period <= kLongestPeriod && period < times; period *= 2) {
    bool repeats = true;
    for (std::int64_t t = period; t < times && repeats; ++t) {
      const double now = value_at(orbits, t, mode, k), before = value_at(orbits, t - period, mode, k);
      repeats = std::abs(now - before) <= tolerance * std::max(std::abs(now), orbits.singular_values[mode]);
    }
    if (repeats) return period;
  }
  return std::nullopt;
}

Metrics orbit_metrics(const Orbits& orbits, double tolerance) {
  Metrics metrics;
  const auto first_where = [&](const std::string& name, const std::function<bool(std::size_t)>& holds) {
    for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k)
      if (holds(k)) return metrics.emplace_back(name, orbits.step_sizes[k]), void();
  };
  std::vector<std::optional<int>> periods;
  for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k) periods.push_back(period_of(orbits, 0, k, tolerance));
  for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode)
    first_where(fmt::format("first_oscillation_{}", mode + 1),
                [&](std::size_t k) { return oscillates(orbits, mode, k); });
  for (int period = 2; period <= kLongestPeriod; period *= 2)
    first_where(fmt::format("period_{}_from", period),
                [&](std::size_t k) { return !orbits.left[k] && periods[k] == period; });
  // Slow decay near a doubling looks aperiodic as well; chaos shows in a neighbourhood.
  first_where("aperiodic_from", [&](std::size_t k) {
    return k + 1 < periods.size() && !orbits.left[k] && !orbits.left[k + 1] && !periods[k] && !periods[k + 1];
  });
  first_where("diverges_from", [&](std::size_t k) { return orbits.left[k]; });
  if (orbits.step_sizes.size() > kMostListed) return metrics;
  for (std::size_t k = 0; k < orbits.step_sizes.size(); ++k)
    for (std::size_t mode = 0; mode < orbits.singular_values.size(); ++mode) {
      const std::string key = fmt::format("{}@{:g}", mode + 1, orbits.step_sizes[k]);
      metrics.emplace_back("oscillation_" + key, orbits.left[k] ? std::nan("") : oscillation_of(orbits, mode, k));
      metrics.emplace_back("period_" + key, orbits.left[k] ? 0 : period_of(orbits, mode, k, tolerance).value_or(0));
    }
  return metrics;
}

std::vector<plot::Figure> orbit_figures(const Orbits& orbits) {
  return {diagram(orbits), ranges(orbits)};
}

}  // namespace talweg::tasks
