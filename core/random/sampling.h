#pragma once

#include <string>
#include <utility>
#include <vector>

namespace talweg {

/// How the examples of a step are drawn from a data set: what a sampler does, and what the accountants of private
/// training take for granted.
enum class Sampling {
  poisson,     ///< every example independently with the same probability
  uniform,     ///< a fresh uniformly random subset of fixed size at every step, without replacement
  shuffle,     ///< every epoch in a new random order, consecutive blocks: one use of an example per epoch
  sequential,  ///< the data set's own order, consecutive blocks: one use of an example per epoch
};

/// The names of the configuration.
inline std::vector<std::pair<std::string, Sampling>> choices(Sampling) {
  return {{"poisson", Sampling::poisson},
          {"uniform", Sampling::uniform},
          {"shuffle", Sampling::shuffle},
          {"sequential", Sampling::sequential}};
}

/// The name of the configuration: "poisson".
inline std::string name_of(Sampling sampling) {
  for (const auto& [name, candidate] : choices(sampling))
    if (candidate == sampling) return name;
  return "?";
}

/// Whether every example is used exactly once in every epoch.
inline bool uses_each_once_per_epoch(Sampling sampling) {
  return sampling == Sampling::shuffle || sampling == Sampling::sequential;
}

}  // namespace talweg
