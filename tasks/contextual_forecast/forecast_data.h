#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "tasks/contextual_forecast/move_source.h"

namespace talweg::tasks {

/// How a change of price becomes a symbol.
enum class SymbolRule {
  sign,      ///< 1 where the price rose, else 0
  quantile,  ///< levels that are equally frequent among the training changes
};
inline std::vector<std::pair<std::string, SymbolRule>> choices(SymbolRule) {
  return {{"sign", SymbolRule::sign}, {"quantile", SymbolRule::quantile}};
}

struct SymbolOptions {
  std::int64_t levels = 2;
  SymbolRule rule = SymbolRule::sign;
  std::int64_t smoothing = 5;
};
void declare(config::Fields& f, SymbolOptions& o);
void validate(const SymbolOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// What a window holds: `context` symbols, oldest first, then `horizon` symbols of the outcome.
struct WindowShape {
  std::int64_t levels = 2, context = 3, horizon = 1;
  std::int64_t contexts() const;  ///< levels^context
  std::int64_t outcomes() const;  ///< levels^horizon
};

/// Counts of windows [contexts, outcomes] float64; the oldest symbol is the most significant digit of an index.
at::Tensor count_windows(const std::vector<std::int64_t>& symbols, std::size_t begin, std::size_t end,
                         const WindowShape& shape);

/// The mean of each `window` neighbours, stride 1, then the differences of neighbouring means.
std::vector<double> smoothed_changes(const std::vector<double>& values, std::int64_t window);
/// Symbols of changes; levels of `quantile` are those of the first `training` changes.
std::vector<std::int64_t> symbols_of(const std::vector<double>& changes, std::size_t training,
                                     const SymbolOptions& options);

/// Contexts and outcomes of all assets, counted.
struct ForecastData {
  std::vector<std::string> assets;
  at::Tensor training, held_out;             ///< counts or weights [K, contexts, outcomes] float64
  std::vector<std::int64_t> latest_context;  ///< by asset, of the last symbols there are; empty where there is no time
  std::string latest_day;
  bool of_prices = false;  ///< symbols are of smoothed prices
  /// The distribution P(context, outcome) of training, [K, contexts, outcomes].
  at::Tensor joint() const;
};

/// Cuts data into windows: the first `training_share` of the time for training, the rest for evaluation, with a gap
/// as long as the smoothing between them. Throws DataError: prices that never change, symbols that are no levels, data
/// shorter than a window; `context_place` is named where the context is too long.
ForecastData make_forecast_data(const MoveData& data, const SymbolOptions& options, const WindowShape& shape,
                                double training_share, const config::Location& context_place);

/// Counts of windows of the signs of a random walk that is treated alike: what overlap of smoothing windows alone makes
/// predictable. [contexts, outcomes].
at::Tensor null_counts(const SymbolOptions& options, const WindowShape& shape, std::uint64_t seed);

}  // namespace talweg::tasks
