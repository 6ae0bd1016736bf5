#include "models/in_context/label_loop.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, LabelLoopOptions& o) {
  f("layers", o.layers, "layers with P and Q of their own; further steps loop over them", config::at_least(1));
  f("parametrisation", o.parametrisation,
    "dense: all of P and Q; sparse: the preconditioner A of Q = blockdiag(A, 0), with P the label entry alone");
  f("train_label_entry", o.train_label_entry,
    "train the entry of P that maps labels to labels too, instead of holding it at 1");
  f("initialization", o.initialization, "gaussian: N(0, init_std²); descent: one step of gradient descent a layer");
  f("init_std", o.init_std, "standard deviation of the gaussian initialization", config::at_least(0));
  f("step_size", o.step_size, "a of the initialization by hand", config::above(0));
}

void validate(const LabelLoopOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.train_label_entry && o.parametrisation == Parametrisation::sparse)
    diagnostics.error(where.at("train_label_entry"),
                      "'train_label_entry' is for 'parametrisation: dense'; the sparse one holds P");
}

LabelLoop::LabelLoop(const LabelLoopOptions& options, const InContextShape& shape) : layers_(options.layers) {
  const std::int64_t d = shape.dimension, size = d + 1;
  const bool dense = options.parametrisation == Parametrisation::dense;
  const bool by_hand = options.initialization == LoopInitialization::descent;
  const at::Tensor entry = at::zeros({size, size}, at::kDouble);
  entry[d][d] = 1.0;
  if (!options.train_label_entry) {
    fixed_ = register_buffer("fixed", entry);
    if (dense) trained_ = register_buffer("trained", 1 - entry);
  }
  const auto noise = [&](std::int64_t side) { return at::randn({side, side}, at::kDouble) * options.init_std; };
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    const std::string number = std::to_string(layer);
    if (dense) {
      values_.push_back(register_parameter("P" + number, by_hand ? entry.clone() : noise(size)));
      const at::Tensor identity = at::eye(size, at::kDouble) - entry;
      keys_.push_back(register_parameter("Q" + number, by_hand ? options.step_size * identity : noise(size)));
    } else {
      keys_.push_back(
          register_parameter("A" + number, by_hand ? options.step_size * at::eye(d, at::kDouble) : noise(d)));
    }
  }
}

at::Tensor LabelLoop::value(std::size_t layer) const {
  if (values_.empty()) return fixed_;
  return trained_.defined() ? values_[layer] * trained_ + fixed_ : values_[layer];
}

at::Tensor LabelLoop::key(std::size_t layer) const {
  return values_.empty() ? at::constant_pad_nd(keys_[layer], {0, 1, 0, 1}) : keys_[layer];
}

at::Tensor LabelLoop::initial(const Prompts& prompts) const {
  const at::Tensor query = at::constant_pad_nd(prompts.query, {0, 1}).unsqueeze(2);
  return at::cat({prompts.context, query}, 2);
}

at::Tensor LabelLoop::step(const at::Tensor& tokens, std::int64_t index) const {
  const auto layer = static_cast<std::size_t>(index % layers_);
  const std::int64_t examples = tokens.size(2) - 1;
  const at::Tensor keys = tokens.narrow(2, 0, examples);
  // Z·J·Zᵀ is the Gram matrix of the examples: products with it cost d² instead of n·d a token.
  const at::Tensor gram = keys.matmul(keys.transpose(1, 2)) / static_cast<double>(examples);
  return tokens - value(layer).matmul(gram).matmul(key(layer)).matmul(tokens);
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
  for (std::int64_t i = 0; i < layers_; ++i) {
    const std::string number = layers_ > 1 ? std::to_string(i + 1) : "";
    const auto layer = static_cast<std::size_t>(i);
    list.emplace_back("P" + number, value(layer).detach());
    list.emplace_back("Q" + number, key(layer).detach());
  }
  return list;
}

}  // namespace talweg::models
