#include "tasks/contextual_forecast/move_source.h"

#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "tasks/contextual_forecast/move_files.h"

namespace talweg::tasks {
namespace {

/// A joint distribution may miss one by rounding.
constexpr double kJointTolerance = 1e-6;

struct RandomWalkOptions {
  std::int64_t assets = 1, length = 20000;
  double correlation = 0;
};
void declare(config::Fields& f, RandomWalkOptions& o) {
  f("assets", o.assets, "K walks", config::at_least(1));
  f("length", o.length, "days", config::at_least(2));
  f("correlation", o.correlation, "rho of the walks' increments, from a factor that they have in common",
    config::at_least(0), config::at_most(1));
}

/// Walks with increments √ρ·f + √(1 − ρ)·e of a common and an own standard normal number: nothing to forecast in them.
MoveData random_walk(const RandomWalkOptions& o, const RandomStreams& streams) {
  const at::Tensor common = seeded_normals({o.length}, streams.seed_of("common factor"));
  MoveData data;
  PriceSeries prices;
  for (std::int64_t k = 0; k < o.assets; ++k) {
    const at::Tensor own = seeded_normals({o.length}, streams.seed_of("walk", static_cast<std::uint64_t>(k)));
    const at::Tensor walk =
        (common * std::sqrt(o.correlation) + own * std::sqrt(1 - o.correlation)).cumsum(0).contiguous();
    prices.values.emplace_back(walk.const_data_ptr<double>(), walk.const_data_ptr<double>() + o.length);
    data.assets.push_back(fmt::format("walk {}", k + 1));
  }
  data.content = std::move(prices);
  return data;
}

struct MarkovBitsOptions {
  double up = 0.5, stay = 0.6;
  std::int64_t length = 20000;
};
void declare(config::Fields& f, MarkovBitsOptions& o) {
  f("up", o.up, "b: probability that the first bit is 1", config::at_least(0), config::at_most(1));
  f("stay", o.stay, "q: probability that a bit repeats the one before it", config::at_least(0), config::at_most(1));
  f("length", o.length, "bits", config::at_least(2));
}

MoveData markov_bits(const MarkovBitsOptions& o, const RandomStreams& streams) {
  RandomGenerator random = streams.generator("bits");
  std::vector<std::int64_t> bits{random.uniform() < o.up ? 1 : 0};
  while (static_cast<std::int64_t>(bits.size()) < o.length)
    bits.push_back(random.uniform() < o.stay ? bits.back() : 1 - bits.back());
  MoveData data{{"bits"}, SymbolSeries{{std::move(bits)}}};
  return data;
}

struct DistributionOptions {
  std::vector<double> joint;
};
void declare(config::Fields& f, DistributionOptions& o) {
  f("joint", o.joint, "P(context, outcome) by index, the oldest symbol first: what is learnt, without any data",
    config::required());
}
void validate(const DistributionOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  double sum = 0;
  for (std::size_t i = 0; i < o.joint.size(); ++i) {
    if (o.joint[i] < 0)
      diagnostics.error(where.at("joint"),
                        fmt::format("'joint[{}]' is {}; a probability is not negative", i, o.joint[i]));
    sum += o.joint[i];
  }
  if (!(std::abs(sum - 1) <= kJointTolerance))
    diagnostics.error(where.at("joint"),
                      fmt::format("the numbers of 'joint' sum to {:.10g}; a distribution's sum to 1", sum));
}

MoveData distribution(const DistributionOptions& o, const RandomStreams&) {
  return {{"distribution"}, JointDistributions{{o.joint}}};
}

}  // namespace

void register_move_sources() {
  static const bool once = [] {
    auto& registry = config::Registry<MoveSourceKind>::instance();
    registry.add<RandomWalkOptions>("random_walk", "random walks, alone or with a factor in common", "ours",
                                    random_walk);
    registry.add<MarkovBitsOptions>("markov_bits", "bits that tend to stay as they are", "ours", markov_bits);
    registry.add<DistributionOptions>("distribution", "a joint distribution as numbers", "ours", distribution);
    registry.add<PriceCsvOptions>("price_csv", "delimited text: days, and prices of a ticker per column", "RFC 4180",
                                  [](const PriceCsvOptions& o, const RandomStreams&) { return read_price_csv(o); });
    registry.add<SymbolCsvOptions>("symbol_csv", "delimited text: a sequence of symbols per column", "RFC 4180",
                                   [](const SymbolCsvOptions& o, const RandomStreams&) { return read_symbol_csv(o); });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
