#include <ATen/Parallel.h>

#include <algorithm>

#include "core/libtorch.h"
#include "models/language/differentiable.h"
#include "models/language/fused.h"
#include "models/language/row_kernels.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Bytes of logits that are held at once.
constexpr std::int64_t kHostLogits = std::int64_t{64} << 20, kDeviceLogits = std::int64_t{512} << 20;

std::int64_t block_length(const at::Tensor& hidden, std::int64_t vocabulary) {
  const std::int64_t bytes = hidden.is_cpu() ? kHostLogits : kDeviceLogits;
  return std::max<std::int64_t>(64, bytes / (4 * vocabulary) / 64 * 64);
}

/// Losses of a block; the logits become their derivative times `scale` (nothing when it is undefined).
at::Tensor losses_in_place(at::Tensor& logits, const at::Tensor& targets, const at::Tensor& scale) {
  if (has_row_kernel(logits)) {
    const at::Tensor losses = at::empty({logits.size(0)}, logits.options().dtype(at::kFloat));
    const float factor = scale.defined() ? scale.item<float>() : 0;
    const std::int64_t columns = logits.size(1);
    at::parallel_for(0, logits.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      with_floats(
          [&](auto* z) {
            cross_entropy_rows(z + begin * columns, targets.const_data_ptr<std::int64_t>() + begin, end - begin,
                               columns, factor, losses.data_ptr<float>() + begin);
          },
          logits);
    });
    return losses;
  }
  const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat);
  const at::Tensor counted = targets >= 0, index = targets.clamp_min(0).unsqueeze(1);
  at::Tensor logarithms = wide.log_softmax(1);
  const at::Tensor losses = at::where(counted, -logarithms.gather(1, index).squeeze(1), 0);
  if (scale.defined()) {
    logarithms.exp_().scatter_add_(1, index, at::full_like(index, -1, logarithms.options()));
    logits.copy_(logarithms.mul_(at::where(counted, scale, 0).unsqueeze(1)));
  }
  return losses;
}

/// Calls visit(begin, length, logits of the block).
template <class Visit>
void for_each_block(const at::Tensor& hidden, const at::Tensor& weight, Visit&& visit) {
  const std::int64_t count = hidden.size(0), block = std::min(count, block_length(hidden, weight.size(0)));
  if (count == 0) return;
  at::Tensor buffer = at::empty({block, weight.size(0)}, hidden.options());
  const at::Tensor transposed = weight.t();
  for (std::int64_t begin = 0; begin < count; begin += block) {
    const std::int64_t length = std::min(block, count - begin);
    at::Tensor logits = buffer.narrow(0, 0, length);
    at::mm_out(logits, hidden.narrow(0, begin, length), transposed);
    visit(begin, length, logits);
  }
}

at::Tensor composed_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
  const at::Tensor logits = hidden.mm(weight.t());
  const at::Tensor losses =
      at::where(targets >= 0, -logits.log_softmax(1).gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1), 0);
  return losses.sum() / (targets >= 0).sum().clamp_min(1);
}

/// In the type that matrix products have: bfloat16 under autocast.
at::Tensor as_factor(const at::Tensor& tensor) {
  return autocasts(tensor) ? tensor.to(at::kBFloat16) : tensor;
}

struct CrossEntropyFunction : torch::autograd::Function<CrossEntropyFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets, bool with_graph) {
    const bool by_hidden = with_graph && hidden.requires_grad(), by_weight = with_graph && weight.requires_grad();
    const auto result = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    // Tokens that are not counted cost nothing; on a GPU their number is not known without waiting for it.
    at::Tensor index, counted_targets = targets;
    if (hidden.is_cpu()) {
      index = (targets >= 0).nonzero().squeeze(1);
      if (index.numel() == targets.numel())
        index = at::Tensor();
      else
        counted_targets = targets.index_select(0, index);
    }
    const at::Tensor states = as_factor(index.defined() ? hidden.index_select(0, index) : hidden);
    const at::Tensor factor = as_factor(weight);
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(
        c10::DispatchKeySet({c10::DispatchKey::AutocastCPU, c10::DispatchKey::AutocastCUDA}));
    const at::Tensor scale = (counted_targets >= 0).sum().clamp_min(1).to(result).reciprocal();
    at::Tensor total = at::zeros({}, hidden.options().dtype(at::kDouble));
    at::Tensor by_states, dw;
    if (by_hidden) by_states = at::empty(states.sizes(), states.options());
    const at::Tensor no_scale;
    for_each_block(states, factor, [&](std::int64_t begin, std::int64_t length, at::Tensor& logits) {
      total +=
          losses_in_place(logits, counted_targets.narrow(0, begin, length), by_hidden || by_weight ? scale : no_scale)
              .sum(at::kDouble);
      if (by_hidden) {
        at::Tensor part = by_states.narrow(0, begin, length);
        at::mm_out(part, logits, factor);
      }
      if (!by_weight) return;
      const at::Tensor block = states.narrow(0, begin, length);
      if (factor.scalar_type() != weight.scalar_type()) {
        const at::Tensor product = logits.t().mm(block);
        dw = dw.defined() ? dw.add_(product) : product.to(weight.scalar_type());
      } else if (dw.defined()) {
        dw.addmm_(logits.t(), block);
      } else {
        dw = logits.t().mm(block);
      }
    });
    at::Tensor dh = by_states;
    if (by_hidden && index.defined()) dh = at::zeros(hidden.sizes(), states.options()).index_copy_(0, index, by_states);
    if (by_hidden) dh = dh.to(hidden.scalar_type());
    if (by_weight && !dw.defined()) dw = at::zeros_like(weight);
    ctx->save_for_backward({hidden, weight, targets, dh, dw});
    return total.to(result) * scale;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    if (at::GradMode::is_enabled()) {
      variable_list found = differentiable_gradient(
          {saved[0], saved[1]}, gradients[0],
          [&](const variable_list& inputs) { return composed_cross_entropy(inputs[0], inputs[1], saved[2]); });
      return {found[0], found[1], {}, {}};
    }
    const bool unit = gradients[0].is_cpu() && gradients[0].item<double>() == 1;
    const auto scaled = [&](const at::Tensor& derivative) {
      return !derivative.defined() || unit ? derivative : derivative * gradients[0].to(derivative.scalar_type());
    };
    return {scaled(saved[3]), scaled(saved[4]), {}, {}};
  }
};

}  // namespace

at::Tensor token_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
  return CrossEntropyFunction::apply(hidden, weight, targets.contiguous(), at::GradMode::is_enabled());
}

at::Tensor token_losses(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
  torch::NoGradGuard no_grad;
  const at::Tensor states = as_factor(hidden), factor = as_factor(weight), wanted = targets.contiguous();
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(
      c10::DispatchKeySet({c10::DispatchKey::AutocastCPU, c10::DispatchKey::AutocastCUDA}));
  std::vector<at::Tensor> blocks;
  for_each_block(states, factor, [&](std::int64_t begin, std::int64_t length, at::Tensor& logits) {
    blocks.push_back(losses_in_place(logits, wanted.narrow(0, begin, length), {}));
  });
  return blocks.empty() ? at::zeros({0}, hidden.options().dtype(at::kFloat)) : at::cat(blocks);
}

}  // namespace talweg::models
