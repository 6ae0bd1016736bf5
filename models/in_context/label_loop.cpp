#include "models/in_context/label_loop.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, LabelLoopOptions& o) {
  f("layers", o.layers, "layers with P and Q of their own; further steps loop over them", config::at_least(1));
  f("train_label_entry", o.train_label_entry,
    "train the entry of P that maps labels to labels too, instead of holding it at 1");
  f("initialization", o.initialization, "gaussian: N(0, init_std²); descent: one step of gradient descent a layer");
  f("init_std", o.init_std, "standard deviation of the gaussian initialization", config::at_least(0));
  f("step_size", o.step_size, "a of the initialization by hand", config::above(0));
}

LabelLoop::LabelLoop(const LabelLoopOptions& options, const InContextShape& shape) {
  const std::int64_t d = shape.dimension, size = d + 1;
  const at::Tensor entry = at::zeros({size, size}, at::kDouble);
  entry[d][d] = 1.0;
  if (!options.train_label_entry) {
    trained_ = register_buffer("trained", 1 - entry);
    fixed_ = register_buffer("fixed", entry);
  }
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    at::Tensor p, q;
    if (options.initialization == LoopInitialization::descent) {
      p = entry.clone();
      q = options.step_size * (at::eye(size, at::kDouble) - entry);
    } else {
      p = at::randn({size, size}, at::kDouble) * options.init_std;
      q = at::randn({size, size}, at::kDouble) * options.init_std;
    }
    values_.push_back(register_parameter("P" + std::to_string(layer), p));
    keys_.push_back(register_parameter("Q" + std::to_string(layer), q));
  }
}

at::Tensor LabelLoop::initial(const Prompts& prompts) const {
  const at::Tensor query = at::constant_pad_nd(prompts.query, {0, 1}).unsqueeze(2);
  return at::cat({prompts.context, query}, 2);
}

at::Tensor LabelLoop::step(const at::Tensor& tokens, std::int64_t index) const {
  const auto layer = static_cast<std::size_t>(index) % values_.size();
  const at::Tensor& trained = values_[layer];
  const at::Tensor value = trained_.defined() ? trained * trained_ + fixed_ : trained;
  const std::int64_t examples = tokens.size(2) - 1;
  const at::Tensor keys = tokens.narrow(2, 0, examples);
  // Z·J·Zᵀ is the Gram matrix of the examples: products with it cost d² instead of n·d a token.
  const at::Tensor gram = keys.matmul(keys.transpose(1, 2)) / static_cast<double>(examples);
  return tokens - value.matmul(gram).matmul(keys_[layer]).matmul(tokens);
}

at::Tensor LabelLoop::run(const Prompts& prompts, std::int64_t steps) {
  at::Tensor tokens = initial(prompts);
  for (std::int64_t i = 0; i < steps; ++i) tokens = step(tokens, i);
  return tokens;
}

at::Tensor LabelLoop::answers(const Prompts& prompts, std::int64_t steps) {
  at::Tensor tokens = initial(prompts);
  std::vector<at::Tensor> labels;
  for (std::int64_t i = 0; i < steps; ++i) {
    tokens = step(tokens, i);
    labels.push_back(-tokens.select(1, prompts.dimension()).select(1, prompts.examples()));
  }
  return at::stack(labels, 1).unsqueeze(2);
}

at::Tensor LabelLoop::answers_of(const at::Tensor& weights, const Prompts& prompts) const {
  return weights.matmul(prompts.query.unsqueeze(2));
}

std::vector<std::pair<std::string, at::Tensor>> LabelLoop::matrices() {
  std::vector<std::pair<std::string, at::Tensor>> list;
  for (std::size_t layer = 0; layer < values_.size(); ++layer) {
    const std::string number = values_.size() > 1 ? std::to_string(layer + 1) : "";
    const at::Tensor& p = values_[layer];
    list.emplace_back("P" + number, (trained_.defined() ? p * trained_ + fixed_ : p).detach());
    list.emplace_back("Q" + number, keys_[layer].detach());
  }
  return list;
}

}  // namespace talweg::models
