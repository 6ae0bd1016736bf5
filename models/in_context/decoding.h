#pragma once

#include "models/in_context/in_context_model.h"
#include "models/in_context/linear_attention.h"

namespace talweg::models {

/// The token that is appended to the prompt when a token has been decoded.
enum class Decoding {
  raw,        ///< the output as it is: Huang, Wang and Lee 2025
  projected,  ///< (0, 0, ŵ, 1): the experiments of Javanmard et al. 2026
};
inline std::vector<std::pair<std::string, Decoding>> choices(Decoding) {
  return {{"raw", Decoding::raw}, {"projected", Decoding::projected}};
}

/// The weight blocks ŵ_1 … ŵ_T of the tokens that f(Z)[:, −1] appends to the prompt, starting from w_0 = 0: [B, T, d],
/// T the length of `scales`. G = ZZᵀ is kept and grows by one rank-one term a token, so a token costs 4D² products
/// whatever the length. On any device, differentiable.
at::Tensor decode_by_tensors(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts,
                             const Scales& scales, Decoding mode);

/// The result of decode_by_tensors(), on the CPU, 64 bytes of prompts at a time (see teacher_forced_in_lanes), without
/// a graph. The result keeps the prompts innermost in memory.
at::Tensor decode_in_lanes(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts,
                           const Scales& scales, Decoding mode);

}  // namespace talweg::models
