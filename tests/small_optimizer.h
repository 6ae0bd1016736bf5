#pragma once

#include <map>
#include <string>

namespace talweg::testing {

/// Options without which an optimizer does not start.
inline std::string small_optimizer(const std::string& optimizer) {
  const std::map<std::string, std::string> special = {
      {"dp_sgd", "{type: dp_sgd, noise_multiplier: 1}"},
      {"dp", "{type: dp, noise_multiplier: 1}"},
      {"mezo", "{type: mezo, learning_rate: 1e-4}"},
      {"ada_dfo", "{type: ada_dfo, estimator: {type: cor_cfd, perturbations: 3, pairs: 2, directions: 3}}"},
      {"released_code", "{type: released_code, estimator: {type: cor_cfd, perturbations: 2, pairs: 2, directions: 2}}"},
      {"kiefer_wolfowitz", "{type: kiefer_wolfowitz, learning_rate: 0.1, perturbation: 0.1}"},
      {"nelder_mead", "{type: nelder_mead, initial_step: 0.02, points: 30}"},
      {"bobyqa", "{type: bobyqa, initial_step: 0.02, points: 30}"},
      {"sbplx", "{type: sbplx, initial_step: 0.02, points: 30}"},
      {"cobyla", "{type: cobyla, initial_step: 0.02, points: 30}"},
      {"spsa", "{type: spsa, learning_rate: 1e-3}"},
      {"galore", "{type: galore, subspace: {rank: 3, interval: 2}}"},
      {"lorenza", "{type: lorenza, residual: raw, subspace: {rank: 3, interval: 2}}"}};
  const auto found = special.find(optimizer);
  return found == special.end() ? optimizer : found->second;
}

}  // namespace talweg::testing
