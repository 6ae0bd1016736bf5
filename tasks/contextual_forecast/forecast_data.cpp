#include "tasks/contextual_forecast/forecast_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {
namespace {

/// Steps of the random walk whose windows are counted.
constexpr std::int64_t kNullLength = 400000;

std::int64_t whole_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t product = 1;
  for (std::int64_t i = 0; i < exponent; ++i) product *= base;
  return product;
}

/// The symbols of one asset, and how many of them are for training.
struct SymbolSplit {
  std::vector<std::int64_t> symbols;
  std::size_t training = 0, gap = 0;
};

SymbolSplit split_prices(const std::vector<double>& values, const std::string& asset, const SymbolOptions& options,
                         double share) {
  const std::vector<double> changes = smoothed_changes(values, options.smoothing);
  if (changes.empty())
    throw DataError(fmt::format("{}: {} prices are too few for a mean of {} and a difference", asset, values.size(),
                                options.smoothing));
  if (std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); }))
    throw DataError(fmt::format("the prices of '{}' never change: there is nothing to forecast", asset));
  const auto training = static_cast<std::size_t>(share * static_cast<double>(changes.size()));
  return {symbols_of(changes, std::max<std::size_t>(1, training), options), training,
          static_cast<std::size_t>(options.smoothing - 1)};
}

}  // namespace

void declare(config::Fields& f, SymbolOptions& o) {
  f("levels", o.levels, "d: how many symbols there are; a power of two", config::at_least(2), config::at_most(64));
  f("rule", o.rule,
    "how a change of price becomes a symbol: its sign, or levels that are equally frequent in training");
  f("smoothing", o.smoothing, "days whose mean stands for a price; 1: prices as they are", config::at_least(1));
}

void validate(const SymbolOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if ((o.levels & (o.levels - 1)) != 0)
    diagnostics.error(where.at("levels"),
                      fmt::format("'levels' is a power of two, as a symbol takes whole qubits, not {}", o.levels));
  else if (o.rule == SymbolRule::sign && o.levels != 2)
    diagnostics.error(where.at("rule"), fmt::format("a sign has 2 levels, not {}; take 'rule: quantile'", o.levels));
}

std::int64_t WindowShape::contexts() const {
  return whole_power(levels, context);
}
std::int64_t WindowShape::outcomes() const {
  return whole_power(levels, horizon);
}

at::Tensor count_windows(const std::vector<std::int64_t>& symbols, std::size_t begin, std::size_t end,
                         const WindowShape& shape) {
  at::Tensor counts = at::zeros({shape.contexts(), shape.outcomes()}, at::kDouble);
  double* count = counts.mutable_data_ptr<double>();
  const auto length = static_cast<std::size_t>(shape.context + shape.horizon);
  const std::int64_t all = shape.contexts() * shape.outcomes();
  std::int64_t index = 0;
  for (std::size_t i = begin; i < end; ++i) {
    index = (index * shape.levels + symbols[i]) % all;
    if (i - begin + 1 >= length) count[index] += 1;
  }
  return counts;
}

std::vector<double> smoothed_changes(const std::vector<double>& values, std::int64_t window) {
  // The difference of neighbouring means is (p[t + w] − p[t])/w.
  std::vector<double> changes;
  const auto w = static_cast<std::size_t>(window);
  for (std::size_t t = 0; t + w < values.size(); ++t)
    changes.push_back((values[t + w] - values[t]) / static_cast<double>(window));
  return changes;
}

std::vector<std::int64_t> symbols_of(const std::vector<double>& changes, std::size_t training,
                                     const SymbolOptions& options) {
  std::vector<double> edges{0};
  if (options.rule == SymbolRule::quantile) {
    std::vector<double> sorted(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(training));
    std::sort(sorted.begin(), sorted.end());
    edges.clear();
    for (std::int64_t level = 1; level < options.levels; ++level) {
      const std::size_t above =
          sorted.size() * static_cast<std::size_t>(level) / static_cast<std::size_t>(options.levels);
      edges.push_back((sorted[above > 0 ? above - 1 : 0] + sorted[above]) / 2);
    }
  }
  std::vector<std::int64_t> symbols;
  for (const double change : changes)
    symbols.push_back(std::count_if(edges.begin(), edges.end(), [&](double edge) { return change > edge; }));
  return symbols;
}

at::Tensor ForecastData::joint() const {
  return training / training.sum({1, 2}, true);
}

ForecastData make_forecast_data(const MoveData& data, const SymbolOptions& options, const WindowShape& shape,
                                double share, const config::Location& context_place) {
  ForecastData made;
  made.assets = data.assets;
  std::vector<at::Tensor> training, held_out;
  if (const auto* stated = std::get_if<JointDistributions>(&data.content)) {
    for (const std::vector<double>& joint : stated->joint) {
      if (static_cast<std::int64_t>(joint.size()) != shape.contexts() * shape.outcomes())
        config::fail(
            context_place,
            fmt::format("a context of {} symbols and an outcome of {} of {} levels have {} joint "
                        "probabilities; 'joint' has {}",
                        shape.context, shape.horizon, shape.levels, shape.contexts() * shape.outcomes(), joint.size()));
      training.push_back(at::tensor(joint, at::kDouble).view({shape.contexts(), shape.outcomes()}));
    }
    made.training = at::stack(training);
    made.held_out = made.training;
    return made;
  }
  for (std::size_t k = 0; k < data.assets.size(); ++k) {
    SymbolSplit split;
    if (const auto* prices = std::get_if<PriceSeries>(&data.content)) {
      made.of_prices = true;
      split = split_prices(prices->values[k], data.assets[k], options, share);
      if (!prices->days.empty()) made.latest_day = prices->days.back();
    } else {
      split.symbols = std::get<SymbolSeries>(data.content).symbols[k];
      split.training = static_cast<std::size_t>(share * static_cast<double>(split.symbols.size()));
      for (const std::int64_t symbol : split.symbols)
        if (symbol >= shape.levels)
          throw DataError(fmt::format("'{}' holds the symbol {}; 'symbols.levels: {}' knows 0 to {}", data.assets[k],
                                      symbol, shape.levels, shape.levels - 1));
    }
    const std::size_t all = split.symbols.size(), rest = std::min(all, split.training + split.gap);
    const auto length = static_cast<std::size_t>(shape.context + shape.horizon);
    if (split.training < length || all - rest < length)
      config::fail(context_place,
                   fmt::format("a context of {} symbols and an outcome of {} are longer than the data of "
                               "'{}': {} symbols for training, {} for evaluation",
                               shape.context, shape.horizon, data.assets[k], split.training, all - rest));
    training.push_back(count_windows(split.symbols, 0, split.training, shape));
    held_out.push_back(count_windows(split.symbols, rest, all, shape));
    std::int64_t latest = 0;
    for (std::size_t i = all - static_cast<std::size_t>(shape.context); i < all; ++i)
      latest = latest * shape.levels + split.symbols[i];
    made.latest_context.push_back(latest);
  }
  made.training = at::stack(training);
  made.held_out = at::stack(held_out);
  return made;
}

at::Tensor null_counts(const SymbolOptions& options, const WindowShape& shape, std::uint64_t seed) {
  const at::Tensor walk = seeded_normals({kNullLength}, seed).cumsum(0).contiguous();
  const std::vector<double> values(walk.const_data_ptr<double>(), walk.const_data_ptr<double>() + kNullLength);
  const std::vector<double> changes = smoothed_changes(values, options.smoothing);
  const std::vector<std::int64_t> symbols = symbols_of(changes, changes.size(), options);
  return count_windows(symbols, 0, symbols.size(), shape);
}

}  // namespace talweg::tasks
