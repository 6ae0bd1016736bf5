#include "tasks/pretrained/bert_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/io/json_fields.h"
#include "core/libtorch.h"
#include "tasks/pretrained/config_keys.h"

namespace talweg::tasks {
namespace {

using models::BertActivation;

constexpr std::pair<const char*, BertActivation> kActivations[] = {{"gelu", BertActivation::gelu},
                                                                   {"gelu_new", BertActivation::gelu_tanh},
                                                                   {"gelu_pytorch_tanh", BertActivation::gelu_tanh},
                                                                   {"relu", BertActivation::relu},
                                                                   {"silu", BertActivation::silu},
                                                                   {"swish", BertActivation::silu}};

}  // namespace

models::BertShape bert_shape(const nlohmann::json& config, const std::string& where) {
  const io::JsonFields fields(config, where);
  if (const auto type = fields.get<std::string>("model_type"); type != "bert")
    fields.fail(fmt::format("the model_type is '{}', 'bert' is needed", type));
  io::require_known_keys(config, bert_config_keys(), where);
  const auto positions = fields.get_or<std::string>("position_embedding_type", "absolute");
  if (positions != "absolute") fields.fail(fmt::format("positions of type '{}' are not supported", positions));
  if (fields.get_or("is_decoder", false)) fields.fail("a BERT as decoder is not supported");
  const auto size = [&](const std::string& key, std::int64_t otherwise) {
    const auto value = fields.get_or(key, otherwise);
    if (value < 1 || value > (std::int64_t{1} << 24)) fields.fail(fmt::format("'{}' is {}", key, value));
    return value;
  };
  const auto share = [&](const std::string& key) {
    const auto value = fields.get_or(key, 0.1);
    if (!(value >= 0 && value < 1)) fields.fail(fmt::format("'{}' is {}, not in [0, 1)", key, value));
    return value;
  };
  models::BertShape shape;
  shape.vocabulary = size("vocab_size", 30522);
  shape.positions = size("max_position_embeddings", 512);
  shape.segments = size("type_vocab_size", 2);
  shape.width = size("hidden_size", 768);
  shape.layers = size("num_hidden_layers", 12);
  shape.heads = size("num_attention_heads", 12);
  shape.feed_forward = size("intermediate_size", 3072);
  shape.norm_epsilon = fields.get_or("layer_norm_eps", 1e-12);
  shape.dropout = share("hidden_dropout_prob");
  shape.attention_dropout = share("attention_probs_dropout_prob");
  shape.initial_deviation = fields.get_or("initializer_range", 0.02);
  if (shape.width % shape.heads != 0)
    fields.fail(fmt::format("hidden_size {} cannot be divided among {} heads", shape.width, shape.heads));
  const auto activation = fields.get_or<std::string>("hidden_act", "gelu");
  const auto known = std::find_if(std::begin(kActivations), std::end(kActivations),
                                  [&](const auto& entry) { return activation == entry.first; });
  if (known == std::end(kActivations)) fields.fail(fmt::format("the activation '{}' is not supported", activation));
  shape.activation = known->second;
  return shape;
}

void check_bert_size(const models::BertShape& shape, std::int64_t numbers_in_file, const std::string& where) {
  const auto width = static_cast<double>(shape.width), inner = static_cast<double>(shape.feed_forward);
  const double embeddings = width * static_cast<double>(shape.vocabulary + shape.positions + shape.segments);
  const double needed = embeddings + static_cast<double>(shape.layers) * (4 * width * width + 2 * width * inner);
  if (needed > 2 * static_cast<double>(numbers_in_file))
    throw DataError(fmt::format("{}: config.json describes {:.4g} parameters, the files hold {:.4g}", where, needed,
                                static_cast<double>(numbers_in_file)));
}

nlohmann::json bert_config(const models::BertShape& shape, const std::string& architecture) {
  const auto activation = std::find_if(std::begin(kActivations), std::end(kActivations),
                                       [&](const auto& entry) { return shape.activation == entry.second; });
  return {{"architectures", {architecture}},
          {"model_type", "bert"},
          {"vocab_size", shape.vocabulary},
          {"max_position_embeddings", shape.positions},
          {"type_vocab_size", shape.segments},
          {"hidden_size", shape.width},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"intermediate_size", shape.feed_forward},
          {"layer_norm_eps", shape.norm_epsilon},
          {"hidden_dropout_prob", shape.dropout},
          {"attention_probs_dropout_prob", shape.attention_dropout},
          {"initializer_range", shape.initial_deviation},
          {"hidden_act", activation->first},
          {"position_embedding_type", "absolute"},
          {"pad_token_id", 0}};
}

weights::NameTable bert_names(const std::string& prefix) {
  // Files written from very old checkpoints call the scale and shift of a norm gamma and beta.
  std::vector<weights::NameRule> rules;
  const auto add = [&](const std::string& ours, const std::string& theirs, std::vector<const char*> parts) {
    for (const char* part : parts)
      rules.push_back({fmt::format("{}.{}", ours, part), fmt::format("{}{}.{}", prefix, theirs, part)});
  };
  const auto add_norm = [&](const std::string& ours, const std::string& theirs) {
    add(ours, theirs, {"weight", "bias"});
    rules.push_back({ours + ".weight", prefix + theirs + ".gamma"});
    rules.push_back({ours + ".bias", prefix + theirs + ".beta"});
  };
  add("embeddings.words", "embeddings.word_embeddings", {"weight"});
  add("embeddings.positions", "embeddings.position_embeddings", {"weight"});
  add("embeddings.segments", "embeddings.token_type_embeddings", {"weight"});
  add_norm("embeddings.norm", "embeddings.LayerNorm");
  const std::string layer = "encoder.layer.{}.";
  add("layers.{}.attention.query", layer + "attention.self.query", {"weight", "bias"});
  add("layers.{}.attention.key", layer + "attention.self.key", {"weight", "bias"});
  add("layers.{}.attention.value", layer + "attention.self.value", {"weight", "bias"});
  add("layers.{}.attention.output", layer + "attention.output.dense", {"weight", "bias"});
  add_norm("layers.{}.attention_norm", layer + "attention.output.LayerNorm");
  add("layers.{}.feed_forward.up", layer + "intermediate.dense", {"weight", "bias"});
  add("layers.{}.feed_forward.down", layer + "output.dense", {"weight", "bias"});
  add_norm("layers.{}.feed_forward_norm", layer + "output.LayerNorm");
  add("pooler", "pooler.dense", {"weight", "bias"});
  return weights::NameTable(std::move(rules), {prefix + "embeddings.position_ids"});
}

void load_bert(models::BertEncoder& encoder, const weights::TensorSource& source) {
  const bool prefixed = std::any_of(source.names.begin(), source.names.end(),
                                    [](const std::string& name) { return name.starts_with("bert."); });
  weights::TensorSource own = source;
  std::erase_if(own.names, [](const std::string& name) {
    return name.starts_with("cls.") || name.starts_with("classifier.") || name.starts_with("qa_outputs.");
  });
  weights::NamedTensors targets;
  for (auto& item : encoder.named_parameters()) targets.emplace_back(item.key(), item.value());
  const weights::LoadReport report = weights::load_tensors(own, bert_names(prefixed ? "bert." : ""), targets);
  const std::array<std::string, 1> pooler = {"pooler."};
  weights::require_complete(report, source.where, pooler);
}

weights::NamedTensors bert_tensors(models::BertEncoder& encoder, const std::string& prefix) {
  weights::NamedTensors parameters;
  for (auto& item : encoder.named_parameters()) parameters.emplace_back(item.key(), item.value());
  return weights::to_file_layout(bert_names(prefix), parameters);
}

}  // namespace talweg::tasks
