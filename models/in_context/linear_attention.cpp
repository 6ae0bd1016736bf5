#include "models/in_context/linear_attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/libtorch.h"

namespace talweg::models {
namespace {

at::Tensor to_tensor(const Scales& scales, const at::Tensor& like) {
  return at::tensor(scales, at::kDouble).to(like.options().requires_grad(false));
}

/// G_i·p_i/λ_i for every token i: p [B, k, D]. The upper half sees the Gram matrix of the examples [B, d+1, d+1], the
/// lower half the tokens [B, k, d+1] up to its own.
at::Tensor attend(const at::Tensor& p, const at::Tensor& gram, const at::Tensor& tokens, const at::Tensor& scales) {
  const std::int64_t half = gram.size(1);
  const at::Tensor upper = p.narrow(2, 0, half).matmul(gram);
  const at::Tensor scores = p.narrow(2, half, half).matmul(tokens.transpose(1, 2)).tril();
  return at::cat({upper, scores.matmul(tokens)}, 2) * scales.unsqueeze(1);
}

/// Σ over prompts and tokens of a·bᵀ.
at::Tensor outer_sum(const at::Tensor& a, const at::Tensor& b) {
  return a.flatten(0, 1).t().mm(b.flatten(0, 1));
}

/// D up to which a lane per prompt is used: beyond, the sums of both gradients (96·D² bytes) leave the second-level
/// cache.
constexpr std::int64_t kLargestInLanes = 64;

LossAndGradients evaluate(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& context,
                          const at::Tensor& path, const Scales& scales, bool with_gradients) {
  const bool lanes = value.device().is_cpu() && value.size(0) <= kLargestInLanes && context.numel() > 0;
  return lanes ? teacher_forced_in_lanes(value, key_query, context, path, scales, with_gradients)
               : teacher_forced_by_tensors(value, key_query, context, path, scales, with_gradients);
}

class TeacherForcing : public torch::autograd::Function<TeacherForcing> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& value,
                            const at::Tensor& key_query, const at::Tensor& examples, const at::Tensor& path,
                            const Scales& scales) {
    LossAndGradients result = evaluate(value, key_query, examples, path, scales, true);
    context->save_for_backward({value, key_query, examples, path, result.value_gradient, result.key_query_gradient});
    context->saved_data["scales"] = scales;
    return result.loss;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& outer) {
    const auto saved = context->get_saved_variables();
    at::Tensor value_gradient = saved[4], key_query_gradient = saved[5];
    if (at::GradMode::is_enabled()) {  // the caller wants second derivatives
      const LossAndGradients again = teacher_forced_by_tensors(saved[0], saved[1], saved[2], saved[3],
                                                               context->saved_data["scales"].toDoubleVector(), true);
      value_gradient = again.value_gradient;
      key_query_gradient = again.key_query_gradient;
    }
    return {outer[0] * value_gradient, outer[0] * key_query_gradient, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor last_column(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& prompt, double scale) {
  const at::Tensor query = prompt.narrow(2, prompt.size(2) - 1, 1);
  const at::Tensor scores = prompt.transpose(1, 2).matmul(key_query.matmul(query));
  return (query + scale * value.matmul(prompt.matmul(scores))).squeeze(2);
}

at::Tensor all_last_columns(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& prompt,
                            const Scales& scales) {
  const auto steps = static_cast<std::int64_t>(scales.size());
  const std::int64_t examples = prompt.size(2) - steps;
  const at::Tensor queries = prompt.narrow(2, examples, steps);
  // Row t, column i: an example is seen by all, a token by itself and those after it.
  const at::Tensor scores = prompt.transpose(1, 2).matmul(key_query.matmul(queries)).triu(-examples);
  return queries + value.matmul(prompt.matmul(scores)) * to_tensor(scales, prompt);
}

LossAndGradients teacher_forced_by_tensors(const at::Tensor& value, const at::Tensor& key_query,
                                           const at::Tensor& context, const at::Tensor& path, const Scales& scales,
                                           bool with_gradients) {
  const std::int64_t half = context.size(1), steps = path.size(1) - 1;
  const at::Tensor scale = to_tensor(scales, value);
  const at::Tensor gram = context.matmul(context.transpose(1, 2));
  const at::Tensor tokens = at::constant_pad_nd(path, {0, 1}, 1);
  const at::Tensor queries = tokens.narrow(1, 0, steps);
  const at::Tensor lower_columns = key_query.narrow(1, half, half);  // a query is zero in its upper half
  const at::Tensor h = attend(queries.matmul(lower_columns.t()), gram, queries, scale);
  const at::Tensor change = queries - tokens.narrow(1, 1, steps);
  const at::Tensor residual = h.matmul(value.t()) + at::constant_pad_nd(change, {half, 0});
  const double share = 1.0 / static_cast<double>(path.size(0));
  LossAndGradients result;
  result.loss = residual.square().sum() * (0.5 * share);
  if (!with_gradients) return result;
  result.value_gradient = outer_sum(residual, h) * share;
  const at::Tensor back = attend(residual.matmul(value), gram, queries, scale);
  result.key_query_gradient = at::constant_pad_nd(outer_sum(back, queries) * share, {half, 0});
  return result;
}

at::Tensor teacher_forced_loss(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& context,
                               const at::Tensor& path, const Scales& scales) {
  const bool gradients = at::GradMode::is_enabled() && (value.requires_grad() || key_query.requires_grad());
  if (!gradients) return evaluate(value, key_query, context, path, scales, false).loss;
  return TeacherForcing::apply(value, key_query, context, path, scales);
}

}  // namespace talweg::models
