// Gradients of single examples without forming them: the back-ends agree with one backward pass per example.
#include "core/gradient/per_example_gradients.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/instancenorm.h>

#include "core/error.h"
#include "core/gradient/batch_mixing.h"
#include "core/gradient/small_networks.h"
#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

/// Leaves gradients as they are: the sum then shows the gradients themselves.
class NoClipping : public Clipping {
 public:
  double max_norm() const override { return 1e30; }
  at::Tensor factors(const at::Tensor& squared_norms) const override {
    return at::ones_like(squared_norms.slice(0, 0, 1));
  }
};

struct Outcome {
  std::vector<at::Tensor> sums;
  at::Tensor norms;
  std::vector<std::string> looped;
};

Outcome run(Network& network, const Clipping& clipping, Backend backend, std::int64_t chunk = 0) {
  PerExampleGradients gradients(parameters_of(network.module()));
  Outcome outcome;
  const std::int64_t batch = network.inputs.size(0), size = chunk > 0 ? chunk : batch;
  std::vector<at::Tensor> norms;
  for (std::int64_t begin = 0; begin < batch; begin += size)
    norms.push_back(
        gradients
            .add_clipped([&](std::int64_t first, std::int64_t length) { return network.losses(first, length); }, begin,
                         std::min(size, batch - begin), clipping, backend, outcome.sums)
            .norms);
  outcome.norms = at::cat(norms);
  outcome.looped = gradients.looped();
  return outcome;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm().clamp_min(1e-30)).item<double>();
}

class BackendsAgree : public ::testing::TestWithParam<std::tuple<std::string, at::ScalarType>> {};

TEST_P(BackendsAgree, WithOneExampleAtATime) {
  const auto [name, type] = GetParam();
  const double tolerance = type == at::kDouble ? 1e-11 : 1e-5;
  torch::manual_seed(5);
  const auto network = make_network(name, type);
  const FlatClipping clipping(0.1);
  const Outcome reference = run(*network, clipping, Backend::loop);
  EXPECT_GT((reference.norms > 0.1).sum().item<std::int64_t>(), 0) << "the test must clip";
  for (const Backend backend : {Backend::ghost, Backend::materialise}) {
    const Outcome outcome = run(*network, clipping, backend);
    EXPECT_LT(difference(outcome.norms, reference.norms), tolerance);
    for (std::size_t i = 0; i < reference.sums.size(); ++i)
      EXPECT_LT(difference(outcome.sums[i], reference.sums[i]), tolerance) << i;
    EXPECT_EQ(outcome.looped, network->expected_loops()) << "no layer may quietly take the slow way";
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, BackendsAgree,
                         ::testing::Combine(::testing::ValuesIn(network_names()),
                                            ::testing::Values(at::kFloat, at::kDouble)),
                         [](const auto& cell) {
                           return std::get<0>(cell.param) + (std::get<1>(cell.param) == at::kDouble ? "_f64" : "_f32");
                         });

TEST(PerExampleGradients, OfTheSumIsTheGradientOfTheSum) {
  torch::manual_seed(5);
  const auto network = make_network("attention", at::kDouble);
  const Outcome outcome = run(*network, NoClipping(), Backend::ghost);
  network->losses(0, network->inputs.size(0)).sum().backward();
  const ParameterList parameters = parameters_of(network->module());
  for (std::size_t i = 0; i < parameters.size(); ++i)
    EXPECT_LT(difference(outcome.sums[i], parameters[i].tensor.grad()), 1e-11) << parameters[i].name;
}

TEST(PerExampleGradients, ChunksGiveTheSameSum) {
  torch::manual_seed(5);
  const auto network = make_network("convolutions", at::kDouble);
  const FlatClipping clipping(0.1);
  const Outcome whole = run(*network, clipping, Backend::ghost), parts = run(*network, clipping, Backend::ghost, 4);
  EXPECT_TRUE(at::allclose(whole.norms, parts.norms, 1e-12, 0));
  for (std::size_t i = 0; i < whole.sums.size(); ++i) EXPECT_LT(difference(parts.sums[i], whole.sums[i]), 1e-12);
}

// 64 rows of 512 numbers and as many derivatives: an example keeps 256 KiB until its norm is known, so that 300 of them
// are taken in two parts.
TEST(PerExampleGradients, WhatWouldKeepMuchIsTakenInParts) {
  torch::manual_seed(5);
  const at::Tensor inputs = at::randn({300, 64, 512}), weight = at::randn({512, 512}).div_(20).requires_grad_(true);
  std::vector<std::int64_t> lengths;
  const auto losses = [&](std::int64_t begin, std::int64_t length) {
    const torch::AutoGradMode with_graph(true);
    lengths.push_back(length);
    return at::matmul(inputs.narrow(0, begin, length), weight.t()).tanh().sum(at::IntArrayRef{1, 2});
  };
  PerExampleGradients gradients({{"weight", weight}});
  const FlatClipping clipping(1);
  std::vector<at::Tensor> sums, reference(1);
  const at::Tensor norms = gradients.add_clipped(losses, 0, 300, clipping, Backend::ghost, sums).norms;
  EXPECT_EQ(lengths, (std::vector<std::int64_t>{4, 150, 150}));  // the first is the comparison with single losses
  const at::Tensor one_by_one = gradients.add_clipped(losses, 290, 10, clipping, Backend::loop, reference).norms;
  EXPECT_LT(difference(norms.narrow(0, 290, 10), one_by_one), 1e-5);
  PerExampleGradients in_chunks({{"weight", weight}});
  std::vector<at::Tensor> chunked(1);
  for (std::int64_t begin = 0; begin < 300; begin += 100)
    in_chunks.add_clipped(losses, begin, 100, clipping, Backend::ghost, chunked);
  EXPECT_LT(difference(sums[0], chunked[0]), 1e-5);
}

TEST(PerExampleGradients, LayersThatReorderTheExamplesAreFoundOut) {
  // Positions first, examples second: the rows of the layer's input are not grouped by example.
  torch::manual_seed(5);
  const auto network = make_network("positions_first", at::kDouble);
  const FlatClipping clipping(0.1);
  const Outcome reference = run(*network, clipping, Backend::loop), outcome = run(*network, clipping, Backend::ghost);
  EXPECT_EQ(outcome.looped, (std::vector<std::string>{"inner.weight", "inner.bias"}));
  for (std::size_t i = 0; i < reference.sums.size(); ++i)
    EXPECT_LT(difference(outcome.sums[i], reference.sums[i]), 1e-11) << i;
}

TEST(Clipping, NoGradientIsLongerThanTheThreshold) {
  const at::Tensor squares = at::tensor({4.0, 1e-8, 9e30, 0.25, 16.0, 4e-8, 1e30, 0.0}, at::kDouble).view({2, 4});
  const ParameterList parameters = {{"a.weight", at::zeros({1})}, {"b.weight", at::zeros({1})}};
  const FlatClipping flat(0.5);
  const PerLayerClipping per_layer(0.5, parameters);
  const NormalizedClipping normalized(0.5, 0.01);
  for (const Clipping* clipping : std::initializer_list<const Clipping*>{&flat, &per_layer, &normalized}) {
    const at::Tensor factors = clipping->factors(squares);
    const at::Tensor lengths = (squares * factors.square()).sum(0).sqrt();
    EXPECT_LE(lengths.max().item<double>(), 0.5 * (1 + 1e-6));
    EXPECT_TRUE(lengths.isfinite().all().item<bool>());
  }
  // A short gradient stays as it is under flat clipping, and is stretched by the normalised rule.
  EXPECT_EQ(flat.factors(squares)[0][1].item<double>(), 1);
  EXPECT_GT(normalized.factors(squares)[0][1].item<double>(), 10);
  EXPECT_EQ(per_layer.layers(), 2u);
  EXPECT_NEAR(per_layer.factors(squares)[0][0].item<double>(), 0.5 / std::sqrt(2.0) / 2, 1e-6);
}

TEST(Clipping, LayersAreTheModulesOfTheNames) {
  const at::Tensor t = at::zeros({1});
  EXPECT_EQ(PerLayerClipping(1, {{"a.weight", t}, {"a.bias", t}, {"b.weight", t}, {"scale", t}, {"shift", t}}).layers(),
            4u);
}

TEST(BatchMixing, BatchNormIsRefusedByNameWithTheCure) {
  torch::nn::Module model;
  model.register_module("stem", torch::nn::Sequential(torch::nn::Conv2d(1, 4, 3), torch::nn::BatchNorm2d(4)));
  try {
    require_separate_examples(model);
    FAIL() << "batch normalisation went unnoticed";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("'stem.1'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("GroupNorm"), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW(
      require_separate_examples(*torch::nn::Sequential(torch::nn::GroupNorm(2, 4), torch::nn::InstanceNorm2d(4))));
  EXPECT_THROW(require_separate_examples(*torch::nn::Sequential(
                   torch::nn::InstanceNorm1d(torch::nn::InstanceNorm1dOptions(4).track_running_stats(true)))),
               ConfigError);
}

}  // namespace
}  // namespace talweg::gradient
