#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Values of one asset or of several over the same days, oldest first: [asset][day], all finite.
struct PriceSeries {
  std::vector<std::vector<double>> values;
  std::vector<std::string> days;  ///< by index; empty where days have no names
};

/// Symbols 0, 1, …, levels − 1, oldest first: [asset][time].
struct SymbolSeries {
  std::vector<std::vector<std::int64_t>> symbols;
};

/// Joint distributions of context and outcome as they stand: [asset][context·outcomes + outcome], each with sum one.
struct JointDistributions {
  std::vector<std::vector<double>> joint;
};

/// What is to be forecast, before it is cut into contexts and outcomes.
struct MoveData {
  std::vector<std::string> assets;
  std::variant<PriceSeries, SymbolSeries, JointDistributions> content;
  io::FileFingerprints files = {};
};

/// The kind of component that `data:` chooses in contextual_forecast.
struct MoveSourceKind {
  static constexpr const char* name = "moves";
  using Signature = MoveData(const RandomStreams& streams);
};

/// Registers `random_walk`, `markov_bits`, `distribution`, `price_csv` and `symbol_csv`. Calling it again does nothing.
void register_move_sources();

}  // namespace talweg::tasks
