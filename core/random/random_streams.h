#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace talweg {

/// A small counter-seeded generator (SplitMix64, Steele et al. 2014) with portable distributions: the standard
/// library's differ between vendors, and a run must not depend on the vendor.
class RandomGenerator {
 public:
  explicit RandomGenerator(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Uniform integer in [0, bound); unbiased (Lemire 2019). bound ≥ 1.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Standard normal (Box–Muller).
  double normal();

 private:
  std::uint64_t state_;
};

/// Random numbers of a run. Every consumer has a stream of its own, named after its purpose ("data order",
/// "initialisation", "noise"), derived from the run's seed: adding a consumer never changes another's numbers.
/// A stream is indexed by a counter (the step, the epoch), so nothing but the seed and the counter needs to be saved.
class RandomStreams {
 public:
  explicit RandomStreams(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t seed() const { return seed_; }
  /// Seed of element `counter` of the stream `name`.
  std::uint64_t seed_of(std::string_view name, std::uint64_t counter = 0) const;
  RandomGenerator generator(std::string_view name, std::uint64_t counter = 0) const {
    return RandomGenerator(seed_of(name, counter));
  }

 private:
  std::uint64_t seed_;
};

/// 0 … n−1 in uniformly random order (Fisher–Yates). O(n).
std::vector<std::int64_t> random_permutation(std::int64_t n, RandomGenerator generator);

}  // namespace talweg
