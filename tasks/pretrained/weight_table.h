#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace talweg::tasks {

/// How a matrix lies elsewhere.
enum class WeightLayout {
  same,
  transposed,         ///< [in, out]
  interleaved_pairs,  ///< rows of a head ordered pair by pair for rotary positions, instead of half by half
};

/// What a parameter is called in the module and in a file; "{}" stands for the number of the layer in both.
struct WeightRule {
  std::string ours, theirs;
  WeightLayout layout = WeightLayout::same;
};

/// Tensors by name, read when asked for.
struct WeightSource {
  std::string path;  ///< for messages
  std::set<std::string> names;
  std::function<at::Tensor(const std::string&)> read;
};

/// Fills every parameter of the module. Throws DataError that lists, by name, all tensors that are missing, have
/// another shape or are in no rule (those that `ignored` accepts aside). `head_size` is for interleaved pairs.
void load_weights(torch::nn::Module& module, const std::vector<WeightRule>& rules, const WeightSource& source,
                  std::int64_t head_size, const std::function<bool(const std::string&)>& ignored = {});

/// The file's name and layout for a parameter of the module. Throws std::logic_error when no rule has it.
std::pair<std::string, WeightLayout> name_elsewhere(const std::vector<WeightRule>& rules, const std::string& ours);
/// The module's name for one of the file, or empty.
std::string name_here(const std::vector<WeightRule>& rules, const std::string& theirs);

/// A tensor as the file wants it, and back.
at::Tensor to_layout(const at::Tensor& tensor, WeightLayout layout, std::int64_t head_size);
at::Tensor from_layout(const at::Tensor& tensor, WeightLayout layout, std::int64_t head_size);

/// The tables of the model families, for files of the Hugging Face library and for GGUF.
const std::vector<WeightRule>& llama_rules();
const std::vector<WeightRule>& llama_gguf_rules();
const std::vector<WeightRule>& gpt2_rules();

}  // namespace talweg::tasks
