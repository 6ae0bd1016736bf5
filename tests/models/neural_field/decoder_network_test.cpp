// The decoder's kernel against LibTorch's operations, and itself on several threads.
#include "models/neural_field/decoder_network.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/libtorch.h"

namespace talweg::models {
namespace {

using torch::autograd::variable_list;

struct SomeDecoder {
  at::Tensor features, places, in, out;
  DecoderInputs order;

  SomeDecoder(std::int64_t points, std::int64_t dense, std::int64_t hidden, std::int64_t outputs, DecoderInputs o,
              at::ScalarType type)
      : order(o) {
    torch::manual_seed(11);
    // A view with other numbers between the rows, as the geometry features are.
    features = at::randn({points, dense + 1}, type).narrow(1, 1, dense).requires_grad_();
    places = at::rand({points, 3}, type).mul(1.4).sub(0.2);
    in = (at::randn({hidden, dense + 48}, type) * 0.3).requires_grad_();
    out = at::randn({outputs, hidden}, type).requires_grad_();
  }
  at::Tensor fused() const { return decoder_network(features, places, in, out, 16, order); }
  at::Tensor plain() const { return decoder_network_by_operations(features, places, in, out, 16, order); }
};

TEST(DecoderNetwork, AgreesWithLibTorchsOperations) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble})
    for (const DecoderInputs order : {DecoderInputs::features_then_blob, DecoderInputs::blob_then_features})
      for (const auto& [dense, hidden, outputs] :
           {std::tuple{32, 32, 16}, std::tuple{15, 32, 3}, std::tuple{16, 32, 1}, std::tuple{7, 45, 18}}) {
        const SomeDecoder d(2053, dense, hidden, outputs, order, type);
        const double allowed = type == at::kDouble ? 1e-12 : 1e-5;
        const at::Tensor ours = d.fused(), theirs = d.plain();
        EXPECT_LT(((ours - theirs).abs().max() / theirs.abs().max()).item<double>(), allowed);
        at::Tensor pull = at::randn_like(ours);
        pull.narrow(0, 5, 200).zero_();  // points to which nothing is passed
        const variable_list inputs{d.features, d.in, d.out};
        const variable_list by_us = torch::autograd::grad({(ours * pull).sum()}, inputs),
                            by_them = torch::autograd::grad({(theirs * pull).sum()}, inputs);
        for (std::size_t i = 0; i < inputs.size(); ++i)
          EXPECT_LT(((by_us[i] - by_them[i]).abs().max() / by_them[i].abs().max()).item<double>(), 3 * allowed)
              << i << " of " << dense << "-" << hidden << "-" << outputs;
      }
}

TEST(DecoderNetwork, MakesTheGradientsThatAreWanted) {
  const SomeDecoder d(100, 16, 32, 1, DecoderInputs::features_then_blob, at::kDouble);
  const at::Tensor frozen = decoder_network(d.features, d.places, d.in.detach(), d.out.detach(), 16, d.order);
  const at::Tensor by_features = torch::autograd::grad({frozen.sum()}, {d.features})[0];
  EXPECT_TRUE(at::allclose(by_features, torch::autograd::grad({d.plain().sum()}, {d.features})[0], 1e-12));
  const at::Tensor of_weights = decoder_network(d.features.detach(), d.places, d.in, d.out, 16, d.order);
  EXPECT_TRUE(at::allclose(torch::autograd::grad({of_weights.sum()}, {d.in})[0],
                           torch::autograd::grad({d.plain().sum()}, {d.in})[0], 1e-12));
}

TEST(DecoderNetwork, HasSecondDerivatives) {
  const SomeDecoder d(50, 8, 32, 4, DecoderInputs::blob_then_features, at::kDouble);
  const auto product = [&](const at::Tensor& value) {
    const variable_list inputs{d.features, d.in, d.out};
    const variable_list slopes = torch::autograd::grad({value.sin().sum()}, inputs, {}, true, true);
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (const at::Tensor& slope : slopes) sum = sum + slope.square().sum();
    return torch::autograd::grad({sum}, inputs);
  };
  const variable_list ours = product(d.fused()), theirs = product(d.plain());
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_LT(((ours[i] - theirs[i]).abs().max() / theirs[i].abs().max()).item<double>(), 1e-12) << i;
}

TEST(DecoderNetwork, ThreadsChangeNothing) {
  const SomeDecoder d(9000, 32, 32, 16, DecoderInputs::features_then_blob, at::kFloat);
  const int before = at::get_num_threads();
  std::vector<variable_list> all;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const at::Tensor value = d.fused();
    all.push_back(torch::autograd::grad({value.sin().sum()}, {d.features, d.in, d.out}));
    all.back().push_back(value);
  }
  at::set_num_threads(before);
  for (std::size_t t = 1; t < all.size(); ++t)
    for (std::size_t i = 0; i < all[t].size(); ++i) EXPECT_TRUE(at::equal(all[0][i], all[t][i])) << i;
}

}  // namespace
}  // namespace talweg::models
