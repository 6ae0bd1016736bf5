#include "models/language/language_model.h"

#include "core/libtorch.h"
#include "models/language/activation_checkpoint.h"

namespace talweg::models {

at::Tensor LanguageModel::hidden(const at::Tensor& ids, KeyValueCache* cache) {
  const std::int64_t first = cache ? cache->length() : 0, length = ids.size(1);
  TORCH_CHECK_VALUE(positions() == 0 || first + length <= positions(), "the model has ", positions(),
                    " positions, the sequence has ", first + length, " tokens");
  at::Tensor x = embed(ids, first);
  for (std::size_t i = 0; i < layer_count(); ++i) {
    if (recompute_ && !cache && at::GradMode::is_enabled()) {
      std::vector<at::Tensor> parameters;
      for (const at::Tensor& parameter : layer_module(i).parameters())
        if (parameter.requires_grad()) parameters.push_back(parameter);
      x = recomputed([this, i](const at::Tensor& input) { return layer(i, input, nullptr); }, x, parameters);
    } else {
      x = layer(i, x, cache);
    }
  }
  if (cache) cache->advance(length);
  return last_norm(x);
}

at::Tensor LanguageModel::logits(const at::Tensor& hidden) const {
  return packed_head_ ? packed_head_->multiply(hidden) : at::linear(hidden, head());
}

at::Tensor LanguageModel::embedding_rows(const at::Tensor& embedding, const at::Tensor& ids) const {
  return packed_embedding_ ? packed_embedding_->select(ids) : at::embedding(embedding, ids);
}

void LanguageModel::pack(const Packing& packed) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, projection] : projections()) projection->pack(packed(name + ".weight", projection->weight));
  for (auto& item : named_parameters()) {
    if (item.key() != "embedding.weight" && item.key() != "head.weight") continue;
    auto& place = item.key() == "head.weight" ? packed_head_ : packed_embedding_;
    place = packed(item.key(), item.value());
    item.value().set_data(at::empty({0}, item.value().options()));
  }
  if (!packed_head_) packed_head_ = packed_embedding_;
}

std::vector<std::pair<std::string, std::shared_ptr<Projection>>> LanguageModel::projections() const {
  std::vector<std::pair<std::string, std::shared_ptr<Projection>>> list;
  for (const auto& item : named_modules("", false))
    if (auto projection = std::dynamic_pointer_cast<Projection>(item.value()))
      list.emplace_back(item.key(), std::move(projection));
  return list;
}

at::Tensor causal_attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                            std::size_t layer, KeyValueCache* cache, double dropout) {
  const std::int64_t length = queries.size(1);
  const at::Tensor q = queries.transpose(1, 2);
  at::Tensor k = keys.transpose(1, 2), v = values.transpose(1, 2);
  std::optional<at::Tensor> mask;
  const std::int64_t past = cache ? cache->length() : 0;
  if (cache) std::tie(k, v) = cache->append(layer, k, v);
  // Behind earlier tokens the triangle is not the square one that is_causal means; a single token sees everything.
  if (past > 0 && length > 1) mask = at::ones({length, past + length}, q.options().dtype(at::kBool)).tril(past);
  const bool shared = q.size(1) != k.size(1);
  const at::Tensor seen =
      at::scaled_dot_product_attention(q, k, v, mask, dropout, past == 0 && length > 1, std::nullopt, shared);
  return seen.transpose(1, 2).flatten(2);
}

}  // namespace talweg::models
