#include "core/gradient/tap_rules.h"

#include <ATen/ExpandUtils.h>

#include <algorithm>
#include <array>

#include "core/gradient/patches.h"
#include "core/libtorch.h"
#include "torch/csrc/autograd/generated/Functions.h"

namespace talweg::gradient {
namespace {

namespace nodes = torch::autograd::generated;
using torch::autograd::Node;

/// What a rule works with: one use of one parameter.
struct Use {
  const Node& node;
  const ParameterUse& where;
  const at::Tensor& delta;  // gradient of the node's output
  std::int64_t batch;
  const at::Tensor& parameter;
  ParameterGradients& into;
};

/// Rows of all examples, [batch·positions, width], as [batch, positions, width] of the parameter's type; undefined when
/// they cannot be divided among the examples.
at::Tensor by_example(const Use& use, const at::Tensor& rows) {
  if (rows.dim() == 0 || rows.size(0) % use.batch != 0) return {};
  std::vector<std::int64_t> shape = rows.sizes().vec();
  shape[0] = use.batch;
  shape.insert(shape.begin() + 1, rows.size(0) / use.batch);
  return rows.to(use.parameter.scalar_type()).reshape(shape);
}

/// g = Σ_t δ_t a_tᵀ, or its transpose.
bool matrix(const Use& use, const at::Tensor& inputs) {
  const at::Tensor a = by_example(use, inputs), d = by_example(use, use.delta);
  if (!a.defined() || !d.defined()) return false;
  const at::Tensor& left = use.where.transposed ? d : a;
  const at::Tensor& right = use.where.transposed ? a : d;
  if (keeps_factors(a.size(1), left.size(2), right.size(2)))
    use.into.add_outer(left, right);
  else
    use.into.add_explicit(at::bmm(left.transpose(1, 2), right));
  return true;
}

/// A parameter that was broadcast over the examples: every example's part of δ, summed over the other broadcast
/// dimensions.
bool broadcast(const Use& use, const at::Tensor& product) {
  std::vector<std::int64_t> own = use.parameter.sizes().vec();
  if (static_cast<std::int64_t>(own.size()) > product.dim()) return false;
  own.insert(own.begin(), static_cast<std::size_t>(product.dim()) - own.size(), 1);
  if (own.empty() || own.front() != 1) return false;  // the parameter does not have the same value for every example
  const at::Tensor split = by_example(use, product);
  if (!split.defined()) return false;
  std::vector<std::int64_t> target = own;
  target.insert(target.begin(), use.batch);
  std::vector<std::int64_t> shape = use.parameter.sizes().vec();
  shape.insert(shape.begin(), use.batch);
  use.into.add_explicit(at::sum_to(split, target).reshape(shape));
  return true;
}

/// Numbers in the patches of the images that are multiplied at once: they stay in the second-level cache.
constexpr std::int64_t kPatchesAtOnce = 1 << 17;

bool convolution(const Use& use, const nodes::ConvolutionBackward0& node) {
  at::Tensor d = use.delta.to(use.parameter.scalar_type());
  if (d.size(0) % use.batch != 0) return false;
  const std::int64_t parts = d.size(0) / use.batch;  // images per example
  if (use.where.slot == 2) {
    use.into.add_explicit(d.reshape({use.batch, parts, d.size(1), -1}).sum(at::IntArrayRef{1, 3}));
    return true;
  }
  at::Tensor input = node.input_.unpack().to(use.parameter.scalar_type());
  const bool line = use.parameter.dim() == 3;  // a row of pixels instead of an image
  if (line) {
    input = input.unsqueeze(2);
    d = d.unsqueeze(2);
  }
  const auto window = [&](const auto& of_image, std::int64_t otherwise) {
    return line ? std::array<std::int64_t, 2>{otherwise, of_image(0)}
                : std::array<std::int64_t, 2>{of_image(0), of_image(1)};
  };
  // A list of one number is for both dimensions.
  const auto entry = [](const auto& list) {
    return [&list](std::size_t i) { return list[std::min(i, list.size() - 1)].expect_int(); };
  };
  const ConvolutionWindow where{
      window([&](std::size_t i) { return use.parameter.size(static_cast<std::int64_t>(i) + 2); }, 1),
      window(entry(node.stride), 1), window(entry(node.padding), 0), window(entry(node.dilation), 1)};
  const std::int64_t groups = node.groups.expect_int(), images = d.size(0), rows = d.size(1);
  const std::int64_t places = d.size(2) * d.size(3), columns = use.parameter[0].numel();
  // The product of an image finds its patches in the cache; kept factors go through memory.
  if (groups == 1 && keeps_factors(parts * places, rows, columns / 4)) {
    use.into.add_outer(d.flatten(2).transpose(1, 2).reshape({use.batch, parts * places, rows}),
                       patches(input, where).reshape({use.batch, parts * places, columns}));
    return true;
  }
  d = d.reshape({images * groups, rows / groups, places});
  at::Tensor product = at::empty({images * groups, rows / groups, columns}, d.options());
  const std::int64_t at_once =
      d.is_cpu() ? std::max<std::int64_t>(1, kPatchesAtOnce / (groups * places * columns)) : images;
  for (std::int64_t begin = 0; begin < images; begin += at_once) {
    const std::int64_t count = std::min(at_once, images - begin);
    at::Tensor inputs = patches(input.narrow(0, begin, count), where);
    if (groups > 1)
      inputs = inputs.view({count, places, groups, columns}).transpose(1, 2).reshape({count * groups, places, columns});
    at::Tensor part = product.narrow(0, begin * groups, count * groups);
    at::bmm_out(part, d.narrow(0, begin * groups, count * groups), inputs);
  }
  std::vector<std::int64_t> shape = use.parameter.sizes().vec();
  shape.insert(shape.begin(), {use.batch, parts});
  const at::Tensor by_image = product.reshape(shape);
  use.into.add_explicit(parts == 1 ? by_image.squeeze(1) : by_image.sum(1));
  return true;
}

/// Scale and shift after a normalisation: δ ⊙ x̂ and δ. The normalised input x̂ is made only for the scale.
template <class Normalized>
bool affine(const Use& use, Normalized&& normalized) {
  return broadcast(use, use.where.slot == 1 ? use.delta * normalized() : use.delta);
}

bool layer_norm(const Use& use, nodes::NativeLayerNormBackward0& node) {
  return affine(use, [&] {
    const auto self = node.getptr();
    return (node.input_.unpack() - node.result1_.unpack(self)) * node.result2_.unpack(self);
  });
}

bool rms_norm(const Use& use, nodes::FusedRmsNormBackward0& node) {
  return affine(use, [&] { return node.input_.unpack() * node.result1_.unpack(node.getptr()); });
}

bool group_norm(const Use& use, nodes::NativeGroupNormBackward0& node) {
  // Per channel, [images, channels, pixels].
  const at::Tensor input = node.input_.unpack();
  if (input.size(0) % use.batch != 0) return false;
  const std::int64_t images = input.size(0), channels = input.size(1), parts = images / use.batch;
  const at::Tensor d = use.delta.to(use.parameter.scalar_type()).reshape({images, channels, -1});
  at::Tensor sum = d.sum(2);
  if (use.where.slot == 1) {
    // Σ δ·(x − m)·r = r·(Σ δ·x − m·Σ δ), so x̂ is never formed.
    const auto self = node.getptr();
    const auto per_channel = [&](const at::Tensor& statistic) {
      return statistic.reshape({images, node.group, 1})
          .expand({-1, -1, channels / node.group})
          .reshape({images, channels});
    };
    const at::Tensor products = (d * input.to(d.scalar_type()).reshape(d.sizes())).sum(2);
    sum = (products - per_channel(node.result1_.unpack(self)) * sum) * per_channel(node.result2_.unpack(self));
  }
  use.into.add_explicit(parts == 1 ? sum : sum.reshape({use.batch, parts, channels}).sum(1));
  return true;
}

bool embedding(const Use& use, const nodes::EmbeddingBackward0& node) {
  at::Tensor indices = node.indices_.unpack();
  if (indices.numel() % use.batch != 0 || indices.dim() == 0) return false;
  indices = indices.to(at::kLong).reshape({use.batch, -1});
  at::Tensor d = use.delta.to(use.parameter.scalar_type()).reshape({use.batch, indices.size(1), -1});
  const std::int64_t padding = node.padding_idx.expect_int();
  if (padding >= 0) d = d.masked_fill(indices.eq(padding).unsqueeze(2), 0);
  use.into.add_rows(indices, d);
  return true;
}

bool apply(const Use& use) {
  auto* node = const_cast<Node*>(&use.node);
  if (auto* n = dynamic_cast<nodes::AddmmBackward0*>(node))
    return use.where.slot == 0 ? broadcast(use, use.delta) : matrix(use, n->mat1_.unpack());
  if (auto* n = dynamic_cast<nodes::MmBackward0*>(node)) return matrix(use, n->self_.unpack());
  if (auto* n = dynamic_cast<nodes::MvBackward0*>(node))
    return broadcast(use, use.delta.unsqueeze(1) * n->self_.unpack());
  if (auto* n = dynamic_cast<nodes::ConvolutionBackward0*>(node)) return convolution(use, *n);
  if (auto* n = dynamic_cast<nodes::NativeLayerNormBackward0*>(node)) return layer_norm(use, *n);
  if (auto* n = dynamic_cast<nodes::NativeGroupNormBackward0*>(node)) return group_norm(use, *n);
  if (auto* n = dynamic_cast<nodes::FusedRmsNormBackward0*>(node)) return rms_norm(use, *n);
  if (auto* n = dynamic_cast<nodes::EmbeddingBackward0*>(node)) return embedding(use, *n);
  if (auto* n = dynamic_cast<nodes::MulBackward0*>(node))
    return broadcast(use, use.delta * (use.where.slot == 0 ? n->other_ : n->self_).unpack());
  return broadcast(use, use.delta);  // a sum
}

bool is_one(const at::Scalar& scalar) {
  return scalar.toDouble() == 1;
}

}  // namespace

bool keeps_factors(std::int64_t positions, std::int64_t rows, std::int64_t columns) {
  return positions == 1 || positions * positions * (rows + columns) < 24 * rows * columns;
}

bool has_rule(const Node& node, const ParameterUse& use) {
  const std::size_t slot = use.slot;
  if (const auto* n = dynamic_cast<const nodes::AddmmBackward0*>(&node))
    return slot == 2 ? is_one(n->alpha) : slot == 0 && is_one(n->beta) && !use.transposed;
  if (dynamic_cast<const nodes::MmBackward0*>(&node)) return slot == 1;
  if (use.transposed) return false;
  if (dynamic_cast<const nodes::MvBackward0*>(&node)) return slot == 1;
  if (const auto* n = dynamic_cast<const nodes::ConvolutionBackward0*>(&node))
    return slot > 0 && !n->transposed && n->stride.size() <= 2;
  if (const auto* n = dynamic_cast<const nodes::EmbeddingBackward0*>(&node))
    return !n->scale_grad_by_freq && !n->sparse;
  if (const auto* n = dynamic_cast<const nodes::AddBackward0*>(&node)) return slot == 0 || is_one(n->alpha);
  return dynamic_cast<const nodes::MulBackward0*>(&node) ||
         (slot > 0 && (dynamic_cast<const nodes::NativeLayerNormBackward0*>(&node) ||
                       dynamic_cast<const nodes::NativeGroupNormBackward0*>(&node) ||
                       dynamic_cast<const nodes::FusedRmsNormBackward0*>(&node)));
}

std::vector<std::size_t> record(const Tap& tap, const at::Tensor& output_gradient, std::int64_t batch,
                                const std::vector<at::Tensor>& parameters, std::vector<ParameterGradients>& into) {
  std::vector<std::size_t> failed;
  if (!output_gradient.defined()) return failed;  // the losses do not depend on this output
  for (const ParameterUse& use : tap.uses)
    if (!apply({*tap.node, use, output_gradient, batch, parameters[use.parameter], into[use.parameter]}))
      failed.push_back(use.parameter);
  return failed;
}

}  // namespace talweg::gradient
