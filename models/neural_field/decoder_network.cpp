#include "models/neural_field/decoder_network.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "core/libtorch.h"
#include "models/neural_field/decoder_kernel.h"
#include "models/neural_field/one_blob.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Points whose sums of weights' derivatives are formed by one thread; the sums of the parts are added in order.
constexpr std::int64_t kPointsOfPart = 1024;

/// Rows padded with zeros to a multiple of the kernel's block.
at::Tensor padded_rows(const at::Tensor& matrix) {
  const std::int64_t columns = matrix.size(1);
  return at::constant_pad_nd(matrix, {0, padded_to_block(columns) - columns}).contiguous();
}

/// The weights in the kernel's layouts.
struct PackedDecoder {
  at::Tensor of_dense, of_dense_back, of_blob, out, out_back;

  PackedDecoder(const at::Tensor& in, const at::Tensor& out_weights, std::int64_t dense, DecoderInputs order) {
    const std::int64_t blob = in.size(1) - dense;
    const bool features_first = order == DecoderInputs::features_then_blob;
    const at::Tensor of_features = in.narrow(1, features_first ? 0 : blob, dense);
    of_dense = padded_rows(of_features.t());
    // Rows for padded hidden units are never read.
    of_dense_back = padded_rows(of_features);
    of_blob = padded_rows(in.narrow(1, features_first ? dense : 0, blob).t());
    out = padded_rows(out_weights);
    out_back = padded_rows(out_weights.t());
  }
};

template <class T>
DecoderProblem<T> problem_of(const PackedDecoder& packed, const at::Tensor& features, const at::Tensor& places,
                             std::int64_t bins, std::int64_t hidden, std::int64_t outputs) {
  return {features.size(1),
          bins,
          hidden,
          outputs,
          packed.of_dense.const_data_ptr<T>(),
          packed.of_dense_back.const_data_ptr<T>(),
          packed.of_blob.const_data_ptr<T>(),
          packed.out.const_data_ptr<T>(),
          packed.out_back.const_data_ptr<T>(),
          features.const_data_ptr<T>(),
          features.stride(0),
          places.const_data_ptr<T>()};
}

/// Rows whose numbers lie side by side, whatever lies between the rows.
at::Tensor with_dense_rows(const at::Tensor& matrix) {
  return matrix.stride(1) == 1 ? matrix : matrix.contiguous();
}

/// Calls `visit` with float or double, as the tensor has it.
template <class Visit>
auto by_type(const at::Tensor& tensor, const Visit& visit) {
  return tensor.scalar_type() == at::kDouble ? visit(double{}) : visit(float{});
}

struct HiddenAndOutputs {
  at::Tensor hidden, outputs;
};

template <class T>
HiddenAndOutputs forward_on_cpu(const at::Tensor& features, const at::Tensor& places, const at::Tensor& in,
                                const at::Tensor& out, std::int64_t bins, DecoderInputs order) {
  const at::Tensor rows = with_dense_rows(features), x = places.contiguous();
  const PackedDecoder packed(in, out, features.size(1), order);
  const DecoderProblem<T> p = problem_of<T>(packed, rows, x, bins, out.size(1), out.size(0));
  const std::int64_t points = x.size(0);
  HiddenAndOutputs answer{at::empty({points, packed.of_dense.size(1)}, x.options()),
                          at::empty({points, out.size(0)}, x.options())};
  T *const hidden = answer.hidden.mutable_data_ptr<T>(), *const outputs = answer.outputs.mutable_data_ptr<T>();
  at::parallel_for(0, points, kPointsOfPart,
                   [&](std::int64_t begin, std::int64_t end) { decoder_forward(p, begin, end, hidden, outputs); });
  return answer;
}

struct DecoderSlopes {
  at::Tensor features, in, out;
};

template <class T>
DecoderSlopes backward_on_cpu(const variable_list& saved, const at::Tensor& hidden, const at::Tensor& by_outputs,
                              std::int64_t bins, DecoderInputs order, bool of_features, bool of_weights) {
  const at::Tensor rows = with_dense_rows(saved[0]), x = saved[1].contiguous(), passed = by_outputs.contiguous();
  const at::Tensor &in = saved[2], &out = saved[3];
  const std::int64_t points = x.size(0), dense = rows.size(1), width = hidden.size(1);
  const PackedDecoder packed(in, out, dense, order);
  const DecoderProblem<T> p = problem_of<T>(packed, rows, x, bins, out.size(1), out.size(0));
  const std::int64_t parts = (points + kPointsOfPart - 1) / kPointsOfPart;
  const std::int64_t lines = dense + 3 * bins + out.size(0);
  DecoderSlopes slopes;
  if (of_features) slopes.features = at::empty({points, dense}, x.options());
  at::Tensor sums;
  if (of_weights) sums = at::zeros({parts, lines, width}, x.options());
  const T *const units = hidden.const_data_ptr<T>(), *const from = passed.const_data_ptr<T>();
  T* const by_features = of_features ? slopes.features.mutable_data_ptr<T>() : nullptr;
  T* const by_weights = of_weights ? sums.mutable_data_ptr<T>() : nullptr;
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<T> memory(static_cast<std::size_t>(width));
    for (std::int64_t part = first; part < last; ++part) {
      T* const here = of_weights ? by_weights + part * lines * width : nullptr;
      const DecoderGradients<T> to{by_features, here, of_weights ? here + dense * width : nullptr,
                                   of_weights ? here + (dense + 3 * bins) * width : nullptr};
      decoder_backward(p, part * kPointsOfPart, std::min(points, (part + 1) * kPointsOfPart), units, from, to,
                       memory.data());
    }
  });
  if (!of_weights) return slopes;
  const at::Tensor all = sums.sum(0).narrow(1, 0, out.size(1));
  const at::Tensor by_dense = all.narrow(0, 0, dense).t(), by_blob = all.narrow(0, dense, 3 * bins).t();
  slopes.in =
      order == DecoderInputs::features_then_blob ? at::cat({by_dense, by_blob}, 1) : at::cat({by_blob, by_dense}, 1);
  slopes.out = all.narrow(0, dense + 3 * bins, out.size(0)).contiguous();
  return slopes;
}

struct DecoderNode : torch::autograd::Function<DecoderNode> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& features, const at::Tensor& places,
                            const at::Tensor& in, const at::Tensor& out, std::int64_t bins, DecoderInputs order) {
    const HiddenAndOutputs answer = by_type(
        places, [&](auto type) { return forward_on_cpu<decltype(type)>(features, places, in, out, bins, order); });
    context->save_for_backward({features, places, in, out});
    context->saved_data["hidden"] = std::vector<at::Tensor>{answer.hidden};
    context->saved_data["bins"] = bins;
    context->saved_data["features_first"] = order == DecoderInputs::features_then_blob;
    return answer.outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    const std::int64_t bins = context->saved_data["bins"].toInt();
    const DecoderInputs order = context->saved_data["features_first"].toBool() ? DecoderInputs::features_then_blob
                                                                               : DecoderInputs::blob_then_features;
    if (at::GradMode::is_enabled()) return with_graph(saved, outer[0], bins, order);
    const bool of_weights = context->needs_input_grad(2) || context->needs_input_grad(3);
    const DecoderSlopes slopes = by_type(saved[1], [&](auto type) {
      return backward_on_cpu<decltype(type)>(saved, context->saved_data["hidden"].toTensorVector()[0], outer[0], bins,
                                             order, context->needs_input_grad(0), of_weights);
    });
    return {slopes.features, {}, slopes.in, slopes.out, {}, {}};
  }

  /// A graph of the gradient is wanted: for products with the Hessian.
  static variable_list with_graph(const variable_list& saved, const at::Tensor& outer, std::int64_t bins,
                                  DecoderInputs order) {
    const at::Tensor value = decoder_network_by_operations(saved[0], saved[1], saved[2], saved[3], bins, order);
    variable_list inputs, slopes(6);
    const std::size_t places[] = {0, 2, 3};
    for (const std::size_t i : places)
      if (saved[i].requires_grad()) inputs.push_back(saved[i]);
    const variable_list found = torch::autograd::grad({value}, inputs, {outer}, true, true, true);
    std::size_t next = 0;
    for (const std::size_t i : places)
      if (saved[i].requires_grad()) slopes[i] = found[next++];
    return slopes;
  }
};

}  // namespace

at::Tensor decoder_network(const at::Tensor& features, const at::Tensor& places, const at::Tensor& in,
                           const at::Tensor& out, std::int64_t bins, DecoderInputs order) {
  if (!features.is_cpu()) return decoder_network_by_operations(features, places, in, out, bins, order);
  return DecoderNode::apply(features, places.detach(), in, out, bins, order);
}

at::Tensor decoder_network_by_operations(const at::Tensor& features, const at::Tensor& places, const at::Tensor& in,
                                         const at::Tensor& out, std::int64_t bins, DecoderInputs order) {
  const at::Tensor blob = one_blob(places, bins);
  const at::Tensor inputs =
      order == DecoderInputs::features_then_blob ? at::cat({features, blob}, 1) : at::cat({blob, features}, 1);
  return at::linear(at::relu(at::linear(inputs, in)), out);
}

}  // namespace talweg::models
