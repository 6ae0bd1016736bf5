#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/rnn.h>

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/optimizer.h"

namespace talweg::gradient {

/// A small network with its examples, for the tests of per-example gradients.
class Network {
 public:
  virtual ~Network() = default;
  virtual torch::nn::Module& module() = 0;
  /// [length]
  virtual at::Tensor forward(const at::Tensor& examples) = 0;
  virtual std::vector<std::string> expected_loops() const { return {}; }

  at::Tensor losses(std::int64_t begin, std::int64_t length) { return forward(inputs.narrow(0, begin, length)); }
  at::Tensor inputs;  // examples first
};

inline ParameterList parameters_of(torch::nn::Module& module) {
  ParameterList list;
  for (const auto& item : module.named_parameters()) list.push_back({item.key(), item.value()});
  return list;
}

namespace networks {

using namespace torch::nn;

constexpr std::int64_t kBatch = 7, kPositions = 5, kVocabulary = 11, kWidth = 6;

struct Base : Network {
  torch::nn::Module& module() override { return *holder; }
  template <class Holder>
  Holder add(const std::string& name, Holder inner) {
    return holder->register_module(name, inner);
  }
  std::shared_ptr<torch::nn::Module> holder = std::make_shared<torch::nn::Module>();
};

inline at::Tensor tokens() {
  return at::randint(kVocabulary, {kBatch, kPositions}, at::kLong);
}

struct Perceptron : Base {
  Linear first = add("first", Linear(9, 8)), second = add("second", Linear(LinearOptions(8, 3).bias(false)));
  Perceptron() { inputs = at::randn({kBatch, 9}); }
  at::Tensor forward(const at::Tensor& x) override { return second(at::tanh(first(x))).square().sum(1); }
};

/// Grouped, strided, dilated and padded convolutions in one and two dimensions, with group normalisation.
struct Convolutions : Base {
  Conv2d a = add("a", Conv2d(Conv2dOptions(2, 6, 3).stride(2).padding(1)));
  GroupNorm norm = add("norm", GroupNorm(3, 6));
  Conv2d b = add("b", Conv2d(Conv2dOptions(6, 4, {2, 3}).groups(2).dilation({1, 2}).padding({1, 2}).bias(false)));
  Conv1d c = add("c", Conv1d(Conv1dOptions(4, 5, 3).stride(2)));
  Conv2d wide = add("wide", Conv2d(Conv2dOptions(5, 40, 1)));
  Convolutions() { inputs = at::randn({kBatch, 2, 9, 10}); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor y = b(at::relu(norm(a(x))));
    return wide(c(y.flatten(2)).unsqueeze(3)).square().mean(at::IntArrayRef{1, 2, 3});
  }
};

/// Convolutions with rectifiers and pooling between them, as small classifiers have.
struct Pooled : Base {
  Conv2d a = add("a", Conv2d(Conv2dOptions(1, 4, 3).padding(1))), b = add("b", Conv2d(Conv2dOptions(4, 6, 3).padding(1)));
  Linear out = add("out", Linear(24, 3));
  Pooled() { inputs = at::randn({kBatch, 1, 8, 8}); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor y = at::max_pool2d(at::relu(b(at::max_pool2d(at::relu(a(x)), 2))), 2);
    return out(y.flatten(1)).square().sum(1);
  }
};

struct Embedded : Base {
  Embedding table = add("table", Embedding(EmbeddingOptions(kVocabulary, kWidth).padding_idx(2)));
  LayerNorm norm = add("norm", LayerNorm(LayerNormOptions({kWidth})));
  Linear out = add("out", Linear(kWidth, 3));
  Embedded() { inputs = tokens(); }
  at::Tensor forward(const at::Tensor& x) override { return out(norm(table(x))).pow(3).sum(at::IntArrayRef{1, 2}); }
};

/// Root-mean-square normalisation by hand, and a learnt shift of every position.
struct Elementwise : Base {
  at::Tensor scale = holder->register_parameter("scale", at::rand({kWidth}) + 0.5);
  at::Tensor positions = holder->register_parameter("positions", at::randn({1, kPositions, kWidth}));
  at::Tensor vector = holder->register_parameter("vector", at::randn({kWidth}));
  Linear in = add("in", Linear(4, kWidth));
  Elementwise() { inputs = at::randn({kBatch, kPositions, 4}); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor y = in(x) + positions;
    const at::Tensor z = y * y.square().mean(-1, true).add(1e-5).rsqrt() * scale;
    return z.sum(1).mv(vector).square();
  }
};

/// Self-attention from its parts.
struct Attention : Base {
  Embedding table = add("table", Embedding(kVocabulary, kWidth));
  LayerNorm norm = add("norm", LayerNorm(LayerNormOptions({kWidth})));
  Linear qkv = add("qkv", Linear(LinearOptions(kWidth, 3 * kWidth).bias(false))),
         out = add("out", Linear(kWidth, kWidth));
  Attention() { inputs = tokens(); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor h = table(x);
    const auto parts = qkv(norm(h)).chunk(3, -1);
    const at::Tensor mixed =
        at::scaled_dot_product_attention(parts[0].unsqueeze(1), parts[1].unsqueeze(1), parts[2].unsqueeze(1))
            .squeeze(1);
    return (h + out(mixed)).square().mean(at::IntArrayRef{1, 2});
  }
};

/// The table of the inputs is the matrix of the outputs, and one layer is used twice.
struct Tied : Base {
  Embedding table = add("table", Embedding(kVocabulary, kWidth));
  Linear twice = add("twice", Linear(kWidth, kWidth));
  Tied() { inputs = tokens(); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor h = at::tanh(twice(at::tanh(twice(table(x)))));
    return at::linear(h, table->weight).logsumexp(-1).sum(1) + h.mean(at::IntArrayRef{1, 2});
  }
};

/// A recurrent layer of LibTorch: it multiplies all inputs at once with the positions first, so that matrix is computed
/// one example at a time, and the recurrent one, used at every position, from the graph.
struct Recurrent : Base {
  Linear in = add("in", Linear(4, kWidth));
  GRU gru = add("gru", GRU(GRUOptions(kWidth, 3).batch_first(true)));
  Recurrent() { inputs = at::randn({kBatch, kPositions, 4}); }
  at::Tensor forward(const at::Tensor& x) override {
    return std::get<0>(gru(in(x))).square().sum(at::IntArrayRef{1, 2});
  }
  std::vector<std::string> expected_loops() const override { return {"gru.weight_ih_l0", "gru.bias_ih_l0"}; }
};

struct Transposed : Base {
  ConvTranspose2d up = add("up", ConvTranspose2d(ConvTranspose2dOptions(2, 3, 2)));
  Linear out = add("out", Linear(3, 2));
  Transposed() { inputs = at::randn({kBatch, 2, 3, 3}); }
  at::Tensor forward(const at::Tensor& x) override { return out(up(x).mean(at::IntArrayRef{2, 3})).square().sum(1); }
  std::vector<std::string> expected_loops() const override { return {"up.weight", "up.bias"}; }
};

struct PositionsFirst : Base {
  Linear inner = add("inner", Linear(4, 4)), out = add("out", Linear(4, 2));
  PositionsFirst() { inputs = at::randn({kBatch, kPositions, 4}); }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor h = inner(x.transpose(0, 1).contiguous()).transpose(0, 1).contiguous();
    return out(h.tanh().mean(1)).square().sum(1);
  }
};

}  // namespace networks

inline std::vector<std::string> network_names() {
  return {"perceptron", "convolutions", "pooled", "embedded", "elementwise", "attention", "tied", "recurrent", "transposed"};
}

inline std::unique_ptr<Network> make_network(const std::string& name, at::ScalarType type) {
  using namespace networks;
  std::unique_ptr<Network> network;
  if (name == "perceptron") network = std::make_unique<Perceptron>();
  if (name == "convolutions") network = std::make_unique<Convolutions>();
  if (name == "pooled") network = std::make_unique<Pooled>();
  if (name == "embedded") network = std::make_unique<Embedded>();
  if (name == "elementwise") network = std::make_unique<Elementwise>();
  if (name == "attention") network = std::make_unique<Attention>();
  if (name == "tied") network = std::make_unique<Tied>();
  if (name == "recurrent") network = std::make_unique<Recurrent>();
  if (name == "transposed") network = std::make_unique<Transposed>();
  if (name == "positions_first") network = std::make_unique<PositionsFirst>();
  if (!network) throw std::invalid_argument(name);
  network->module().to(type);
  if (network->inputs.is_floating_point()) network->inputs = network->inputs.to(type);
  return network;
}

}  // namespace talweg::gradient
