#include "models/language/fused.h"

#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "models/language/differentiable.h"
#include "models/language/row_kernels.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kGrain = 1 << 15;  // numbers per task of a thread, at least

/// Calls work(begin, end) for parts of [0, rows) in parallel.
template <class Work>
void for_rows(std::int64_t rows, std::int64_t width, Work&& work) {
  at::parallel_for(0, rows, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, width)), work);
}

at::Tensor composed_rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  return (wide * (wide.square().mean(-1, true) + epsilon).rsqrt()).to(x.scalar_type()) * weight;
}

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, double epsilon,
                            at::ScalarType result) {
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    const at::Tensor y = at::empty(x.sizes(), x.options().dtype(result)), scales = at::empty({rows}, x.options());
    for_rows(rows, width, [&](std::int64_t begin, std::int64_t end) {
      with_floats(
          [&](auto* out) {
            rms_norm_rows(x.const_data_ptr<float>() + begin * width, weight.const_data_ptr<float>(),
                          static_cast<float>(epsilon), end - begin, width, out + begin * width,
                          scales.data_ptr<float>() + begin);
          },
          y);
    });
    ctx->save_for_backward({x, weight, scales});
    ctx->saved_data["epsilon"] = epsilon;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &scales = saved[2];
    if (at::GradMode::is_enabled()) {
      const double epsilon = ctx->saved_data["epsilon"].toDouble();
      variable_list found = differentiable_gradient(
          {x, weight}, gradients[0].to(x.scalar_type()),
          [&](const variable_list& inputs) { return composed_rms_norm(inputs[0], inputs[1], epsilon); });
      return {found[0], found[1], {}, {}};
    }
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    const at::Tensor dy = gradients[0].contiguous();
    const at::Tensor dx = at::empty_like(x);
    // Each thread sums the weight's derivative of its rows for itself; the order of the sums depends on their number.
    const std::int64_t parts = std::min<std::int64_t>(at::get_num_threads(), std::max<std::int64_t>(1, rows));
    const at::Tensor dw = at::zeros({parts, width}, weight.options());
    at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t part = first; part < last; ++part) {
        const std::int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
        with_floats(
            [&](auto* in) {
              rms_norm_backward_rows(in + begin * width, x.const_data_ptr<float>() + begin * width,
                                     weight.const_data_ptr<float>(), scales.const_data_ptr<float>() + begin,
                                     end - begin, width, dx.data_ptr<float>() + begin * width,
                                     dw.data_ptr<float>() + part * width);
            },
            dy);
      }
    });
    return {dx, parts == 1 ? dw.squeeze(0) : dw.sum(0), {}, {}};
  }
};

at::Tensor composed_swiglu(const at::Tensor& gate, const at::Tensor& up) {
  return at::silu(gate) * up;
}

struct SwigluFunction : torch::autograd::Function<SwigluFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate, const at::Tensor& up) {
    const at::Tensor y = at::empty_like(gate);
    at::parallel_for(0, y.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      with_floats([&](auto* out, auto* g, auto* u) { swiglu_elements(g + begin, u + begin, end - begin, out + begin); },
                  y, gate, up);
    });
    ctx->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    if (at::GradMode::is_enabled())
      return differentiable_gradient(saved, gradients[0],
                                     [](const variable_list& inputs) { return composed_swiglu(inputs[0], inputs[1]); });
    const at::Tensor dy = gradients[0].contiguous();
    const at::Tensor dgate = at::empty_like(dy), dup = at::empty_like(dy);
    at::parallel_for(0, dy.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      with_floats(
          [&](auto* d, auto* g, auto* u, auto* dg, auto* du) {
            swiglu_backward_elements(d + begin, g + begin, u + begin, end - begin, dg + begin, du + begin);
          },
          dy, saved[0], saved[1], dgate, dup);
    });
    return {dgate, dup};
  }
};

at::Tensor composed_rotation(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  const at::Tensor c = cosines.unsqueeze(1).to(x.scalar_type()), s = sines.unsqueeze(1).to(x.scalar_type());
  return at::cat({halves[0] * c - halves[1] * s, halves[1] * c + halves[0] * s}, -1);
}

at::Tensor rotated(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines, float sign) {
  const std::int64_t length = x.size(1), heads = x.size(2), size = x.size(3);
  const at::Tensor y = at::empty(x.sizes(), x.options());
  for_rows(x.size(0) * length, heads * size, [&](std::int64_t begin, std::int64_t end) {
    with_floats(
        [&](auto* out, auto* in) {
          rotate_tokens(in + begin * heads * size, cosines.const_data_ptr<float>(), sines.const_data_ptr<float>(),
                        begin, end - begin, heads, size, length, sign, out + begin * heads * size);
        },
        y, x);
  });
  return y;
}

struct RotationFunction : torch::autograd::Function<RotationFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& cosines,
                            const at::Tensor& sines) {
    ctx->save_for_backward({cosines, sines});
    return rotated(x, cosines, sines, 1);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    // The transpose of a rotation is the rotation back, which is linear: with a graph it is made of operators.
    if (at::GradMode::is_enabled()) return {composed_rotation(gradients[0], saved[0], -saved[1]), {}, {}};
    return {rotated(gradients[0].contiguous(), saved[0], saved[1], -1), {}, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || weight.scalar_type() != at::kFloat)
    return composed_rms_norm(x, weight, epsilon);
  return RmsNormFunction::apply(x.contiguous(), weight, epsilon, autocasts(x) ? at::kBFloat16 : at::kFloat);
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!has_row_kernel(gate) || gate.scalar_type() != up.scalar_type()) return composed_swiglu(gate, up);
  return SwigluFunction::apply(gate.contiguous(), up.contiguous());
}

at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
  if (!has_row_kernel(x) || cosines.scalar_type() != at::kFloat) return composed_rotation(x, cosines, sines);
  return RotationFunction::apply(x.contiguous(), cosines.contiguous(), sines.contiguous());
}

}  // namespace talweg::models
