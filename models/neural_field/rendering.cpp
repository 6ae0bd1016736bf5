#include "models/neural_field/rendering.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "core/libtorch.h"
#include "models/neural_field/ray_kernel.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rays whose sums are formed by one thread; the sums of the parts are added in order.
constexpr std::int64_t kRaysOfPart = 64;

/// Means over the rays and samples of a batch, and the shares that balance free space and surface.
struct Balance {
  at::Tensor front, band, measured;            // masks
  at::Tensor free_space_share, surface_share;  // ω_f, ω_s
};

Balance balance_of(const at::Tensor& z, const at::Tensor& depth, const MappingLossOptions& o) {
  Balance b;
  const at::Tensor d = depth.unsqueeze(1);
  b.front = z < d - o.truncation;
  b.band = at::logical_not(b.front.logical_or(z > d + o.truncation)).logical_and(d > 0);
  b.measured = (depth > 0).logical_and(depth < o.depth_limit);
  const at::Tensor front = b.front.sum().to(z.scalar_type()), band = b.band.sum().to(z.scalar_type());
  const at::Tensor all = (front + band).clamp_min(1);
  b.free_space_share = 1 - front / all;
  b.surface_share = 1 - band / all;
  return b;
}

struct ValueAndSlopes {
  at::Tensor value, by_distance, by_colour;
};

template <class T>
ValueAndSlopes fused_objective(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                               const RayTargets& targets, const MappingLossOptions& o) {
  const std::int64_t rays = z.size(0), samples = z.size(1), parts = (rays + kRaysOfPart - 1) / kRaysOfPart;
  const at::Tensor s = distance.contiguous(), depths = z.contiguous(), measured = targets.depth.contiguous();
  const at::Tensor rgb = colour.defined() ? colour.contiguous() : at::Tensor(),
                   truth = colour.defined() ? targets.colour.contiguous() : at::Tensor();
  RayProblem<T> p{samples,
                  s.const_data_ptr<T>(),
                  depths.const_data_ptr<T>(),
                  colour.defined() ? rgb.const_data_ptr<T>() : nullptr,
                  measured.const_data_ptr<T>(),
                  colour.defined() ? truth.const_data_ptr<T>() : nullptr,
                  static_cast<T>(o.truncation),
                  static_cast<T>(o.depth_limit),
                  0,
                  0,
                  0,
                  0,
                  0};
  const auto part_of = [&](std::int64_t part, const auto& visit) {
    visit(part * kRaysOfPart, std::min(rays, (part + 1) * kRaysOfPart));
  };
  std::vector<RayCounts> counts(static_cast<std::size_t>(parts));
  at::parallel_for(0, parts, 8, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i)
      part_of(i, [&](std::int64_t a, std::int64_t b) { counts[static_cast<std::size_t>(i)] = count_samples(p, a, b); });
  });
  RayCounts all;
  for (const RayCounts& one : counts) {
    all.measured += one.measured;
    all.free_space += one.free_space;
    all.surface += one.surface;
  }
  const auto n = static_cast<double>(rays), of_all = static_cast<double>(rays * samples);
  const double both = static_cast<double>(std::max<std::int64_t>(1, all.free_space + all.surface));
  p.of_colour = static_cast<T>(o.colour / (3 * n));
  p.of_colour_without_depth = static_cast<T>(o.colour * o.colour_without_depth * o.colour_without_depth / (3 * n));
  p.of_depth = static_cast<T>(o.depth / static_cast<double>(std::max<std::int64_t>(1, all.measured)));
  p.of_free_space = static_cast<T>(o.free_space * (1 - static_cast<double>(all.free_space) / both) / of_all);
  p.of_surface = static_cast<T>(o.signed_distance * (1 - static_cast<double>(all.surface) / both) / of_all);

  ValueAndSlopes answer{{}, at::empty_like(s), colour.defined() ? at::empty_like(rgb) : at::Tensor()};
  T* const by_distance = answer.by_distance.mutable_data_ptr<T>();
  T* const by_colour = colour.defined() ? answer.by_colour.mutable_data_ptr<T>() : nullptr;
  std::vector<double> sums(static_cast<std::size_t>(parts));
  at::parallel_for(0, parts, 4, [&](std::int64_t from, std::int64_t to) {
    std::vector<T> memory(static_cast<std::size_t>(ray_scratch(samples)));
    for (std::int64_t i = from; i < to; ++i)
      part_of(i, [&](std::int64_t a, std::int64_t b) {
        sums[static_cast<std::size_t>(i)] = ray_objective(p, a, b, by_distance, by_colour, memory.data());
      });
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  answer.value = at::scalar_tensor(sum, z.options().requires_grad(false));
  return answer;
}

ValueAndSlopes fused_of_type(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                             const RayTargets& targets, const MappingLossOptions& options) {
  return z.scalar_type() == at::kDouble ? fused_objective<double>(distance, colour, z, targets, options)
                                        : fused_objective<float>(distance, colour, z, targets, options);
}

std::vector<at::Tensor> if_defined(const at::Tensor& tensor) {
  return tensor.defined() ? std::vector<at::Tensor>{tensor} : std::vector<at::Tensor>();
}
at::Tensor or_undefined(const std::vector<at::Tensor>& list) {
  return list.empty() ? at::Tensor() : list.front();
}

struct MappingObjectiveNode : torch::autograd::Function<MappingObjectiveNode> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& distance, const at::Tensor& colour,
                            const at::Tensor& z, const RayTargets& targets, const MappingLossOptions& options) {
    const at::Tensor given = colour.numel() > 0 ? colour : at::Tensor();
    ValueAndSlopes answer = fused_of_type(distance, given, z, targets, options);
    context->save_for_backward({distance, colour});
    context->saved_data["rays"] = std::vector<at::Tensor>{z, targets.depth};
    context->saved_data["colours"] = if_defined(targets.colour);
    context->saved_data["slopes"] = std::vector<at::Tensor>{answer.by_distance};
    context->saved_data["colour_slopes"] = if_defined(answer.by_colour);
    context->saved_data["options"] = std::vector<double>{options.colour,
                                                         options.depth,
                                                         options.signed_distance,
                                                         options.free_space,
                                                         options.colour_without_depth,
                                                         options.truncation,
                                                         options.depth_limit};
    return answer.value;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    if (!at::GradMode::is_enabled()) {
      const at::Tensor by_colour = or_undefined(context->saved_data["colour_slopes"].toTensorVector());
      return {context->saved_data["slopes"].toTensorVector()[0] * outer[0],
              by_colour.defined() ? by_colour * outer[0] : at::Tensor(),
              {},
              {},
              {}};
    }
    // A graph of the gradient is wanted: for products with the Hessian.
    const variable_list saved = context->get_saved_variables();
    const std::vector<at::Tensor> rays = context->saved_data["rays"].toTensorVector();
    const std::vector<double> o = context->saved_data["options"].toDoubleVector();
    const RayTargets targets{rays[1], or_undefined(context->saved_data["colours"].toTensorVector())};
    const bool coloured = saved[1].numel() > 0;
    const MappingLossOptions options{o[0], o[1], o[2], o[3], o[4], o[5], o[6]};
    const at::Tensor value =
        mapping_losses(saved[0], coloured ? saved[1] : at::Tensor(), rays[0], targets, options).total(options);
    variable_list inputs{saved[0]};
    if (coloured && saved[1].requires_grad()) inputs.push_back(saved[1]);
    const variable_list slopes = torch::autograd::grad({value}, inputs, {outer[0]}, true, true, true);
    return {slopes[0], slopes.size() > 1 ? slopes[1] : at::Tensor(), {}, {}, {}};
  }
};

}  // namespace

void declare(config::Fields& f, MappingLossOptions& o) {
  f("colour", o.colour, "weight of the squared error of rendered colours", config::at_least(0));
  f("depth", o.depth, "weight of the squared error of rendered depths, per m²", config::at_least(0));
  f("signed_distance", o.signed_distance, "weight of the squared error of distances near surfaces, per m²",
    config::at_least(0));
  f("free_space", o.free_space, "weight of the squared error of distances in free space", config::at_least(0));
  f("colour_without_depth", o.colour_without_depth, "weight of the colour of rays whose depth was not measured",
    config::at_least(0));
  f("truncation", o.truncation, "distance tr around surfaces in which signed distances are trained, m",
    config::above(0));
  f("depth_limit", o.depth_limit, "depths from here on count as not measured, m", config::above(0));
}

RenderedRays render_rays(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z, double truncation) {
  const std::int64_t samples = z.size(1);
  const at::Tensor scaled = distance / truncation;
  const at::Tensor crossing =
      (distance.narrow(1, 0, samples - 1) * distance.narrow(1, 1, samples - 1) < 0).to(z.scalar_type());
  const at::Tensor limit = z.gather(1, crossing.argmax(1, /*keepdim=*/true)) + truncation;
  const at::Tensor bell = at::sigmoid(scaled) * at::sigmoid(-scaled) * (z < limit);
  RenderedRays rays;
  rays.weights = bell / (bell.sum(1, true) + 1e-8);
  rays.depth = (rays.weights * z).sum(1);
  if (colour.defined()) rays.colour = (rays.weights.unsqueeze(2) * colour).sum(1);
  return rays;
}

MappingLosses mapping_losses(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                             const RayTargets& targets, const MappingLossOptions& o) {
  const Balance b = balance_of(z, targets.depth, o);
  const RenderedRays rays = render_rays(distance, colour, z, o.truncation);
  MappingLosses losses;
  const at::Tensor measured = b.measured.to(z.scalar_type());
  losses.depth = ((rays.depth - targets.depth).square() * measured).sum() / measured.sum().clamp_min(1);
  losses.free_space = b.free_space_share * ((distance - 1) * b.front).square().mean();
  losses.signed_distance =
      b.surface_share * ((z + distance * o.truncation - targets.depth.unsqueeze(1)) * b.band).square().mean();
  if (colour.defined()) {
    const at::Tensor weight = measured + (1 - measured) * o.colour_without_depth;
    losses.colour = (weight.unsqueeze(1) * (rays.colour - targets.colour)).square().mean();
  }
  return losses;
}

at::Tensor MappingLosses::total(const MappingLossOptions& o) const {
  const at::Tensor geometry = o.depth * depth + o.signed_distance * signed_distance + o.free_space * free_space;
  return colour.defined() ? geometry + o.colour * colour : geometry;
}

at::Tensor mapping_objective(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                             const RayTargets& targets, const MappingLossOptions& options) {
  if (!z.is_cpu()) return mapping_losses(distance, colour, z, targets, options).total(options);
  // The node's inputs are tensors, if need be of nothing.
  const at::Tensor none = at::empty({0}, z.options().requires_grad(false));
  return MappingObjectiveNode::apply(distance, colour.defined() ? colour : none, z, targets, options);
}

}  // namespace talweg::models
