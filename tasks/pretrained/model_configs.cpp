#include "tasks/pretrained/model_configs.h"

#include <fmt/format.h>

#include <stdexcept>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/pretrained/config_keys.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;

/// Reads members of a config.json with messages that name them.
class ConfigReader {
 public:
  ConfigReader(const json& config, std::string path) : config_(config), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& message) const { throw DataError(fmt::format("{}: {}", path_, message)); }
  bool has(const char* key) const { return config_.contains(key) && !config_.at(key).is_null(); }

  std::int64_t size(const char* key) const {
    if (!has(key)) fail(fmt::format("there is no '{}'", key));
    return size(key, 0);
  }
  std::int64_t size(const char* key, std::int64_t otherwise) const {
    if (!has(key)) return otherwise;
    const json& value = config_.at(key);
    const bool plausible = value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() <= 1 << 28;
    if (!plausible) fail(fmt::format("'{}' is {}, not a size", key, value.dump().substr(0, 40)));
    return value.get<std::int64_t>();
  }
  double number(const char* key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!config_.at(key).is_number()) fail(fmt::format("'{}' is not a number", key));
    return config_.at(key).get<double>();
  }
  bool truth(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!config_.at(key).is_boolean()) fail(fmt::format("'{}' is neither true nor false", key));
    return config_.at(key).get<bool>();
  }
  std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!config_.at(key).is_string()) fail(fmt::format("'{}' is not text", key));
    return config_.at(key).get<std::string>();
  }
  void require(const char* key, const std::string& otherwise, const std::string& supported) const {
    if (const std::string given = text(key, otherwise); given != supported)
      fail(fmt::format("'{}' is '{}'; '{}' is supported", key, given, supported));
  }

  ConfigReader object(const char* key) const { return {config_.at(key), path_ + ": " + key}; }
  /// Numbers under a key; throws DataError when it is no list of them.
  std::vector<double> numbers(const char* key) const {
    if (!has(key) || !config_.at(key).is_array()) fail(fmt::format("'{}' is not a list of numbers", key));
    std::vector<double> list;
    for (const json& value : config_.at(key)) {
      if (!value.is_number()) fail(fmt::format("'{}' is not a list of numbers", key));
      list.push_back(value.get<double>());
    }
    return list;
  }
  const json& members() const { return config_; }
  const std::string& where() const { return path_; }

 private:
  const json& config_;
  std::string path_;
};

models::RotaryScaling scaling_of(const ConfigReader& read, std::int64_t positions) {
  const auto positive = [&](const char* key, double otherwise) {
    const double value = read.number(key, otherwise);
    if (!(value > 0)) read.fail(fmt::format("'{}' is {}, not a positive number", key, value));
    return value;
  };
  const std::string type = read.text("rope_type", read.text("type", "default"));
  if (type == "default") {
    if (positive("factor", 1) != 1) read.fail("'factor' is set, and 'rope_type' names no kind of scaling");
    return {};
  }
  const double original = positive("original_max_position_embeddings", static_cast<double>(positions));
  if (type == "linear") return models::LinearRotaryScaling{positive("factor", 0)};
  if (type == "llama3") {
    const models::Llama3RotaryScaling scaling{positive("factor", 0), positive("low_freq_factor", 0),
                                              positive("high_freq_factor", 0), original};
    if (scaling.high_frequency_factor <= scaling.low_frequency_factor)
      read.fail("'high_freq_factor' must be above 'low_freq_factor'");
    return scaling;
  }
  if (type != "longrope" && type != "su")
    read.fail(
        fmt::format("rotary positions are scaled by '{}', which is not supported (default, linear, llama3 and "
                    "longrope with one list are)",
                    type));
  // With one list the positions are the same for texts of every length, and nothing has to be chosen.
  models::ListedRotaryScaling scaling{read.numbers("long_factor")};
  if (read.numbers("short_factor") != scaling.divisors)
    read.fail("'short_factor' differs from 'long_factor'; positions that depend on a text's length are not supported");
  const double factor = positive("factor", static_cast<double>(positions) / original);
  if (read.number("attention_factor", factor <= 1 ? 1 : 0) != 1)
    read.fail("'attention_factor' must be 1: attention that is scaled with the positions is not supported");
  return scaling;
}

/// Rotary positions, where versions of the library write them; "rope_scaling" goes before "rope_parameters".
void read_rotary(const ConfigReader& read, models::LlamaShape& shape) {
  shape.rotary_base = read.number("rope_theta", 10000);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!read.has(key) || read.members().at(key).empty()) continue;
    const ConfigReader inner = read.object(key);
    if (!inner.members().is_object()) read.fail(fmt::format("'{}' is not an object", key));
    io::require_known_keys(inner.members(), rotary_keys(), inner.where());
    shape.rotary_base = inner.number("rope_theta", shape.rotary_base);
    shape.rotary_scaling = scaling_of(inner, shape.positions);
    return;
  }
}

/// A kind of scaling in the library's words.
struct ScalingWords {
  std::int64_t positions;

  json operator()(const std::monostate&) const { return {{"rope_type", "default"}}; }
  json operator()(const models::LinearRotaryScaling& s) const {
    return {{"rope_type", "linear"}, {"factor", s.factor}};
  }
  json operator()(const models::Llama3RotaryScaling& s) const {
    return {{"rope_type", "llama3"},
            {"factor", s.factor},
            {"low_freq_factor", s.low_frequency_factor},
            {"high_freq_factor", s.high_frequency_factor},
            {"original_max_position_embeddings", static_cast<std::int64_t>(s.original_positions)}};
  }
  json operator()(const models::ListedRotaryScaling& s) const {
    return {{"rope_type", "longrope"},    {"factor", 1.0},           {"long_factor", s.divisors},
            {"short_factor", s.divisors}, {"attention_factor", 1.0}, {"original_max_position_embeddings", positions}};
  }
};

void add_roles(json& config, const tokenizer::RoleIds& roles) {
  const auto add = [&](const char* key, const std::optional<std::int32_t>& id) {
    config[key] = id ? json(*id) : json();
  };
  add("bos_token_id", roles.begin);
  add("eos_token_id", roles.end);
  if (!roles.further_ends.empty()) {
    tokenizer::Ids ends = roles.further_ends;
    if (roles.end) ends.insert(ends.begin(), *roles.end);
    config["eos_token_id"] = ends;
  }
  add("pad_token_id", roles.padding);
}

json llama_config(const models::LlamaShape& shape) {
  json rotary = std::visit(ScalingWords{shape.positions}, shape.rotary_scaling);
  // Older versions of the library read the scaling here, newer ones there.
  const json scaling = shape.rotary_scaling.index() == 0 ? json() : rotary;
  rotary["rope_theta"] = shape.rotary_base;
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"hidden_size", shape.width},
          {"intermediate_size", shape.feed_forward},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"num_key_value_heads", shape.key_value_heads},
          {"head_dim", shape.size_of_head()},
          {"vocab_size", shape.vocabulary},
          {"max_position_embeddings", shape.positions},
          {"rope_theta", shape.rotary_base},
          {"rope_scaling", scaling},
          {"rope_parameters", rotary},
          {"rms_norm_eps", shape.norm_epsilon},
          {"tie_word_embeddings", shape.tied},
          {"attention_bias", shape.attention_bias},
          {"mlp_bias", false},
          {"attention_dropout", shape.attention_dropout},
          {"hidden_act", "silu"},
          {"initializer_range", shape.initial_deviation}};
}

json gpt2_config(const models::Gpt2Shape& shape) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"n_embd", shape.width},
          {"n_layer", shape.layers},
          {"n_head", shape.heads},
          {"n_positions", shape.positions},
          {"vocab_size", shape.vocabulary},
          {"layer_norm_epsilon", shape.norm_epsilon},
          {"activation_function", "gelu_new"},
          {"resid_pdrop", shape.dropout},
          {"embd_pdrop", shape.dropout},
          {"attn_pdrop", shape.dropout},
          {"tie_word_embeddings", true},
          {"initializer_range", shape.initial_deviation}};
}

std::shared_ptr<models::LanguageModel> llama_of(const ConfigReader& read) {
  io::require_known_keys(read.members(), llama_config_keys(), read.where());
  read.require("hidden_act", "silu", "silu");
  if (read.truth("mlp_bias", false)) read.fail("'mlp_bias' is true; perceptrons without biases are supported");
  models::LlamaShape shape;
  shape.width = read.size("hidden_size");
  shape.feed_forward = read.size("intermediate_size");
  shape.layers = read.size("num_hidden_layers");
  shape.heads = read.size("num_attention_heads");
  shape.key_value_heads = read.size("num_key_value_heads", shape.heads);
  shape.head_size = read.size("head_dim", 0);
  shape.vocabulary = read.size("vocab_size");
  shape.positions = read.size("max_position_embeddings", 2048);
  read_rotary(read, shape);
  shape.norm_epsilon = read.number("rms_norm_eps", 1e-6);
  shape.tied = read.truth("tie_word_embeddings", false);
  shape.attention_bias = read.truth("attention_bias", false);
  shape.attention_dropout = read.number("attention_dropout", 0);
  if (!(shape.attention_dropout >= 0 && shape.attention_dropout < 1))
    read.fail(fmt::format("'attention_dropout' is {}, not in [0, 1)", shape.attention_dropout));
  shape.initial_deviation = read.number("initializer_range", 0.02);
  return std::make_shared<models::Llama>(shape, false);
}

std::shared_ptr<models::LanguageModel> gpt2_of(const ConfigReader& read) {
  io::require_known_keys(read.members(), gpt2_config_keys(), read.where());
  read.require("activation_function", "gelu_new", "gelu_new");
  if (!read.truth("tie_word_embeddings", true)) read.fail("'tie_word_embeddings' is false; tied heads are supported");
  models::Gpt2Shape shape;
  shape.width = read.size("n_embd");
  if (read.has("n_inner") && read.size("n_inner") != 4 * shape.width) read.fail("'n_inner' is not four times 'n_embd'");
  shape.layers = read.size("n_layer");
  shape.heads = read.size("n_head");
  shape.vocabulary = read.size("vocab_size");
  shape.positions = read.size("n_positions");
  shape.norm_epsilon = read.number("layer_norm_epsilon", 1e-5);
  shape.dropout = read.number("resid_pdrop", 0.1);
  for (const char* other : {"embd_pdrop", "attn_pdrop"})
    if (const double share = read.number(other, 0.1); share != shape.dropout)
      read.fail(fmt::format("'{}' is {} and 'resid_pdrop' {}; one dropout for all is supported: make them equal", other,
                            share, shape.dropout));
  return std::make_shared<models::Gpt2>(shape, false);
}

}  // namespace

json config_of(const models::LanguageModel& model, const tokenizer::RoleIds& roles) {
  json config;
  if (const auto* llama = dynamic_cast<const models::Llama*>(&model))
    config = llama_config(llama->shape());
  else if (const auto* gpt2 = dynamic_cast<const models::Gpt2*>(&model))
    config = gpt2_config(gpt2->shape());
  else
    throw std::logic_error("a language model without a config.json");
  add_roles(config, roles);
  return config;
}

std::shared_ptr<models::LanguageModel> model_of(const json& config, const std::string& path) {
  if (!config.is_object()) throw DataError(fmt::format("'{}': config.json is not a JSON object", path));
  const ConfigReader read(config, fmt::format("'{}': config.json", path));
  const std::string type = read.text("model_type", "");
  if (type == "llama") return llama_of(read);
  if (type == "gpt2") return gpt2_of(read);
  read.fail(fmt::format("'model_type' is '{}'; 'llama' and 'gpt2' are read", type));
}

bool is_gpt2(const models::LanguageModel& model) {
  return dynamic_cast<const models::Gpt2*>(&model) != nullptr;
}

const weights::NameTable& names_of(const models::LanguageModel& model) {
  static const weights::NameTable gpt2 = gpt2_names("transformer.");
  return is_gpt2(model) ? gpt2 : llama_names();
}

}  // namespace talweg::tasks
