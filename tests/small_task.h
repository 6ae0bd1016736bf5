#pragma once

#include <map>
#include <string>

namespace talweg::testing {

/// A task that trains in milliseconds: its defaults, or a small configuration where there are none.
inline std::string small_task(const std::string& task) {
  const std::map<std::string, std::string> special = {
      {"classification", "{type: classification, data: digits, model: {type: convnet, channels: [4], hidden: 8}}"},
      {"text_classification",
       "{type: text_classification, data: {type: opinions, examples: 40}, backbone: {type: bert, layers: 1, width: "
       "8}}"},
      {"black_box", "{type: black_box, oracle: {type: sphere, dimension: 3}}"},
      {"contextual_forecast",
       "{type: contextual_forecast, data: {type: random_walk, length: 400, assets: 2}, lstm: {width: 2, steps: 2}}"},
      {"gaussian_mean", "{type: gaussian_mean, dimension: 10, examples: 50}"},
      {"canary_audit", "{type: canary_audit, canaries: 50, guesses: 20, length: 1}"},
      {"comparison_factorization",
       "{type: comparison_factorization, rank: 2, data: {type: synthetic_comparisons, users: 12, items: 10, rank: 2, "
       "comparisons: 200, evaluation_comparisons: 50}}"},
      {"deep_matrix_factorization", "{type: deep_matrix_factorization, target: {singular_values: [1, 0.5], rows: 3}}"},
      {"two_layer_network",
       "{type: two_layer_network, activation: {covariance: [0, 0.9, 0.5]}, target: {kind: activation}, width: 4, "
       "dimension: "
       "10, samples: 3, noise: 0.3}"},
      {"in_context_regression",
       "{type: in_context_regression, dimension: 4, examples: 6, steps: 3, prompts_per_epoch: 64, evaluation: "
       "{prompts: 50}}"},
      {"neural_mapping",
       "{type: neural_mapping, data: {type: analytic_room, frames: 2, rays: 40, view_width: 16}, grid: {levels: 3, "
       "base: 4, finest: "
       "12, "
       "log2_entries: 9}, sampling: {uniform: 6, near_surface: 5}, smoothness: {points: 4}, evaluation: {rays: 50, "
       "surface_points: 20, step: 0.5}, mesh: {voxel: 1, samples: 100, write: false}}"},
      {"language_modeling",
       "{type: language_modeling, length: 12, data: {type: word_chain, length: 300}, model: {type: llama, width: 8, "
       "layers: 1, heads: 2, feed_forward: 12}, evaluation: {share: 0.1}}"}};
  const auto found = special.find(task);
  return found == special.end() ? task : found->second;
}

}  // namespace talweg::testing
