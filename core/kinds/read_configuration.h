#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/kinds/run_recipe.h"

namespace talweg {

/// A configuration file as it was read, once: the composed tree, and a recipe for every point of its sweep (a file
/// without one is its own only point).
struct ReadConfiguration {
  config::Value root;
  std::vector<std::unique_ptr<RunRecipe>> recipes;  ///< in the order of the grid
  std::vector<std::string> labels;                  ///< "learning_rate=0.1,seed=3" each; empty without a sweep

  RunRecipe& first() const { return *recipes.front(); }
  bool is_sweep() const { return root.find("sweep") != nullptr; }
};

/// Composes and parses a file. Throws ConfigError with the mistakes of the first point that has any.
ReadConfiguration read_configuration(const std::string& file, const std::vector<std::string>& assignments = {});

}  // namespace talweg
