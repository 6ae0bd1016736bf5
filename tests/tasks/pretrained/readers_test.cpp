// Readers of model files pass over nothing: what is not known to change nothing is refused by its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/weights/gguf_bytes.h"
#include "core/weights/model_folder.h"
#include "models/language/adapter.h"
#include "tasks/pretrained/bert_files.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;
using testing::complaint;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

json llama_example() {
  return {{"model_type", "llama"},         {"hidden_size", 16},         {"intermediate_size", 24},
          {"num_hidden_layers", 2},        {"num_attention_heads", 2},  {"vocab_size", 256},
          {"max_position_embeddings", 64}, {"torch_dtype", "bfloat16"}, {"use_cache", true}};
}

const models::LlamaShape& shape_of_llama(const std::shared_ptr<models::LanguageModel>& model) {
  return dynamic_cast<const models::Llama&>(*model).shape();
}

/// What is said of the example with one more member.
std::string llama_with(const char* key, const json& value) {
  json config = llama_example();
  config[key] = value;
  return complaint([&] { model_of(config, "m"); });
}

TEST(ModelConfig, UnknownMembersAreRefusedByName) {
  EXPECT_EQ(llama_with("transformers_version", "4.1"), "");
  EXPECT_EQ(llama_with("sliding_window", nullptr), "");
  EXPECT_EQ(llama_with("partial_rotary_factor", 1), "");
  EXPECT_THAT(llama_with("sliding_window", 4096),
              HasSubstr("'m': config.json: 'sliding_window' is 4096: it needs attention to a window"));
  EXPECT_THAT(llama_with("partial_rotary_factor", 0.5), HasSubstr("'partial_rotary_factor' is 0.5: it needs rotary"));
  EXPECT_THAT(llama_with("logits_scaling", 8), HasSubstr("'logits_scaling' is 8"));
  EXPECT_THAT(llama_with("quantization_config", {{"bits", 4}}), HasSubstr("'quantization_config' is {\"bits\":4}"));
  EXPECT_THAT(llama_with("rope_scaling", {{"rope_type", "yarn"}, {"factor", 4}}), HasSubstr("'yarn'"));
  EXPECT_THAT(llama_with("rope_scaling", {{"type", "linear"}, {"factor", 4}, {"beta_fast", 32}}),
              HasSubstr("config.json: rope_scaling: 'beta_fast' is 32"));
  EXPECT_THAT(llama_with("rope_scaling", {{"type", "linear"}}), HasSubstr("'factor' is 0"));

  const json gpt2 = {{"model_type", "gpt2"}, {"n_embd", 8},       {"n_layer", 1},
                     {"n_head", 2},          {"vocab_size", 256}, {"n_positions", 16}};
  EXPECT_EQ(complaint([&] { model_of(gpt2, "m"); }), "");
  json divided = gpt2, uneven = gpt2, unscaled = gpt2;
  unscaled["scale_attn_weights"] = false;
  EXPECT_THAT(complaint([&] { model_of(unscaled, "m"); }), HasSubstr("'scale_attn_weights' is false: it needs"));
  divided["scale_attn_by_inverse_layer_idx"] = true;
  uneven["attn_pdrop"] = 0.0;
  EXPECT_THAT(complaint([&] { model_of(divided, "m"); }), HasSubstr("'scale_attn_by_inverse_layer_idx' is true"));
  EXPECT_THAT(complaint([&] { model_of(uneven, "m"); }), HasSubstr("'attn_pdrop' is 0"));

  EXPECT_EQ(complaint([&] { bert_shape({{"model_type", "bert"}, {"classifier_dropout", 0.2}}, "b"); }), "");
  EXPECT_THAT(complaint([&] {
                bert_shape({{"model_type", "bert"}, {"embedding_size", 128}}, "b");
              }),
              HasSubstr("b: 'embedding_size' is 128"));
}

TEST(ModelConfig, ScaledRotaryPositionsAreReadAndWritten) {
  json config = llama_example();
  config["rope_theta"] = 500000.0;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 32}};
  const auto model = model_of(config, "m");
  const auto& scaling = std::get<models::Llama3RotaryScaling>(shape_of_llama(model).rotary_scaling);
  EXPECT_EQ(scaling.factor, 8);
  EXPECT_EQ(scaling.original_positions, 32);
  EXPECT_EQ(shape_of_llama(model).rotary_base, 500000);
  for (const json& rope : {json{{"rope_type", "linear"}, {"factor", 2.5}, {"rope_theta", 3000.0}},
                           json{{"rope_type", "longrope"},
                                {"factor", 1.0},
                                {"long_factor", {1, 1, 2, 4}},
                                {"short_factor", {1, 1, 2, 4}},
                                {"attention_factor", 1.0},
                                {"original_max_position_embeddings", 64}}}) {
    config = llama_example();
    config["rope_parameters"] = rope;
    const auto first = model_of(config, "m");
    const auto again = model_of(config_of(*first, {}), "m");
    const auto frequencies = [](const models::LlamaShape& shape) {
      return models::rotary_frequencies(shape.rotary_base, shape.size_of_head(), shape.rotary_scaling);
    };
    EXPECT_EQ(frequencies(shape_of_llama(again)), frequencies(shape_of_llama(first)));
    EXPECT_NE(frequencies(shape_of_llama(first)), models::rotary_frequencies(10000, 8, {}));
  }
}

/// A tiny Llama as a GGUF file: numbers of the model, further keys, further tensors of float32.
class LlamaGguf {
 public:
  void number(const std::string& key, std::uint32_t value) {
    keys_.text(key).number<std::uint32_t>(4).number(value);
    ++count_;
  }
  void real(const std::string& key, float value) {
    keys_.text(key).number<std::uint32_t>(6).number(value);
    ++count_;
  }
  void text(const std::string& key, const std::string& value) {
    keys_.text(key).number<std::uint32_t>(8).text(value);
    ++count_;
  }
  void texts(const std::string& key, const std::vector<std::string>& values) {
    keys_.text(key).number<std::uint32_t>(9).number<std::uint32_t>(8).number<std::uint64_t>(values.size());
    for (const std::string& value : values) keys_.text(value);
    ++count_;
  }
  void tensor(const std::string& name, std::vector<std::uint64_t> sizes, const std::vector<float>& values = {}) {
    std::uint64_t numbers = 1;
    for (const std::uint64_t size : sizes) numbers *= size;
    entries_.tensor(name, std::move(sizes), 0, data_.bytes.size());
    for (std::uint64_t i = 0; i < numbers; ++i)
      data_.number<float>(values.empty() ? 0.01f * static_cast<float>(i % 7) : values[i]);
    data_.pad();
    ++tensors_;
  }
  std::filesystem::path write(const std::filesystem::path& folder) const {
    weights::GgufBytes file;
    file.head(tensors_, count_);
    file.bytes += keys_.bytes + entries_.bytes;
    file.pad();
    file.bytes += data_.bytes;
    std::ofstream(folder / "m.gguf", std::ios::binary) << file.bytes;
    return folder / "m.gguf";
  }

 private:
  weights::GgufBytes keys_, entries_, data_;
  std::uint64_t count_ = 0, tensors_ = 0;
};

LlamaGguf gguf_example() {
  LlamaGguf file;
  file.text("general.architecture", "llama");
  file.text("general.name", "tiny");
  for (const auto& [key, value] : {std::pair{"embedding_length", 8u},
                                   {"block_count", 1u},
                                   {"feed_forward_length", 4u},
                                   {"context_length", 64u},
                                   {"attention.head_count", 1u}})
    file.number(std::string("llama.") + key, value);
  file.real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  file.text("tokenizer.ggml.model", "gpt2");
  file.texts("tokenizer.ggml.tokens", {"a", "b", "ab"});
  file.texts("tokenizer.ggml.merges", {"a b"});
  file.tensor("token_embd.weight", {8, 3});
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
    file.tensor(std::string("blk.0.") + name + ".weight", {8, 8});
  file.tensor("blk.0.ffn_gate.weight", {8, 4});
  file.tensor("blk.0.ffn_up.weight", {8, 4});
  file.tensor("blk.0.ffn_down.weight", {4, 8});
  for (const char* name : {"blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"})
    file.tensor(name, {8});
  return file;
}

std::string said_of_gguf(const LlamaGguf& file) {
  const TemporaryFolder folder;
  return complaint([&] { read_language_model(file.write(folder.path())); });
}

TEST(GgufModel, UnknownMetadataIsRefusedByName) {
  EXPECT_EQ(said_of_gguf(gguf_example()), "");
  LlamaGguf remarks = gguf_example();
  remarks.text("quantize.imatrix.file", "x");
  remarks.number("llama.rope.dimension_count", 8);
  remarks.text("llama.rope.scaling.type", "none");
  EXPECT_EQ(said_of_gguf(remarks), "");
  LlamaGguf partial = gguf_example();
  partial.number("llama.rope.dimension_count", 4);
  EXPECT_THAT(said_of_gguf(partial), HasSubstr("'llama.rope.dimension_count' is 4 and a head has 8 numbers"));
  LlamaGguf window = gguf_example();
  window.number("llama.attention.sliding_window", 512);
  EXPECT_THAT(said_of_gguf(window), HasSubstr("'llama.attention.sliding_window' is 512: it needs attention"));
  LlamaGguf yarn = gguf_example();
  yarn.text("llama.rope.scaling.type", "yarn");
  EXPECT_THAT(said_of_gguf(yarn), HasSubstr("'llama.rope.scaling.type' is 'yarn'"));
  LlamaGguf charmap = gguf_example();
  charmap.number("tokenizer.ggml.remove_extra_whitespaces", 1);
  EXPECT_THAT(said_of_gguf(charmap), HasSubstr("'tokenizer.ggml.remove_extra_whitespaces' is 1"));
  LlamaGguf tensor = gguf_example();
  tensor.tensor("blk.0.attn_q_norm.weight", {8});
  EXPECT_THAT(said_of_gguf(tensor), HasSubstr("blk.0.attn_q_norm.weight"));
}

TEST(GgufModel, ScaledRotaryPositionsAreRead) {
  const auto scaling_of = [](const LlamaGguf& file) {
    const TemporaryFolder folder;
    return shape_of_llama(read_language_model(file.write(folder.path())).model).rotary_scaling;
  };
  EXPECT_EQ(scaling_of(gguf_example()).index(), 0U);
  LlamaGguf linear = gguf_example();
  linear.text("llama.rope.scaling.type", "linear");
  linear.real("llama.rope.scaling.factor", 4);
  EXPECT_EQ(std::get<models::LinearRotaryScaling>(scaling_of(linear)).factor, 4);
  LlamaGguf listed = gguf_example();
  listed.tensor("rope_freqs.weight", {4}, {1, 1, 2.5, 8});
  EXPECT_EQ(std::get<models::ListedRotaryScaling>(scaling_of(listed)).divisors, (std::vector<double>{1, 1, 2.5, 8}));
  linear.tensor("rope_freqs.weight", {4}, {1, 1, 2.5, 8});
  EXPECT_THAT(said_of_gguf(linear), HasSubstr("one is supported"));
}

class AdapterConfig : public ::testing::Test {
 protected:
  std::shared_ptr<models::LanguageModel> model() { return model_of(llama_example(), "m"); }
  /// What is said when the configuration has these members.
  std::string said_of(const std::string& members) {
    write(members);
    return complaint([&] { read_adapters(folder_.path(), *model()); });
  }
  void write(const std::string& members) {
    std::ofstream(folder_.path() / "adapter_config.json")
        << R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4, "base_model_name_or_path": "x")" << members << "}";
  }
  TemporaryFolder folder_;
};

TEST_F(AdapterConfig, UnknownMembersAreRefusedByName) {
  const std::string targets = R"(, "target_modules": ["q_proj"])";
  // Everything is understood; what is missing then is the file of weights.
  EXPECT_THAT(said_of(targets + R"(, "bias": "none", "fan_in_fan_out": true, "loftq_config": {}, "rank_pattern": {})"),
              HasSubstr("adapter_model.safetensors"));
  for (const auto& [member, part] :
       {std::pair{R"("modules_to_save": ["lm_head"])", "'modules_to_save' is [\"lm_head\"]"},
        {R"("use_dora": true)", "'use_dora' is true"},
        {R"("bias": "all")", "'bias' is 'all'"},
        {R"("init_lora_weights": "pissa")", "'init_lora_weights' is 'pissa'"},
        {R"("layers_to_transform": [0])", "'layers_to_transform' is [0]"},
        {R"("something_new": 3)", "'something_new' is 3"}})
    EXPECT_THAT(said_of(targets + ", " + member), HasSubstr(part));
  EXPECT_THAT(said_of(R"(, "target_modules": ["nothing"])"),
              HasSubstr("there is no matrix 'nothing' (known: down_proj"));
}

TEST_F(AdapterConfig, RanksAndAlphasOfSingleModulesAreRead) {
  const auto written = model();
  const std::vector<std::pair<std::string, models::LowRankShape>> shapes = {
      {"layers.0.attention.query", {2, 4, 0, true}},
      {"layers.0.attention.value", {3, 9, 0, true}},
      {"layers.1.attention.query", {2, 8, 0, true}},
      {"layers.1.attention.value", {3, 4, 0, true}}};
  torch::manual_seed(1);
  std::vector<models::PlacedAdapter> placed;
  for (const auto& [name, projection] : written->projections())
    for (const auto& [wanted, shape] : shapes)
      if (name == wanted) placed.push_back({projection, shape});
  models::place_adapters(*written, placed);
  {
    torch::NoGradGuard no_grad;
    for (const auto& [projection, shape] : placed) projection->adapter_b.normal_();
  }
  const auto out = folder_.path() / "out";
  write_adapters(out, *written, "base");
  const auto check = [&](const std::filesystem::path& folder) {
    const auto read = model();
    read_adapters(folder, *read);
    std::size_t found = 0;
    for (const auto& [name, projection] : read->projections()) {
      if (!projection->has_adapter()) continue;
      EXPECT_EQ(name, shapes[found].first);
      EXPECT_EQ(projection->adapter().rank, shapes[found].second.rank) << name;
      EXPECT_EQ(projection->adapter().alpha, shapes[found].second.alpha) << name;
      EXPECT_TRUE(projection->adapter().rank_stabilised);
      EXPECT_TRUE(at::equal(projection->adapter_b, placed[found].projection->adapter_b));
      ++found;
    }
    EXPECT_EQ(found, shapes.size());
  };
  check(out);
  // The same by patterns, of which the first that fits holds, and targets by a regular expression.
  std::ofstream(out / "adapter_config.json") << R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_rslora": true,
      "target_modules": ".*self_attn\\.(q|v)_proj", "rank_pattern": {"v_proj": 3},
      "alpha_pattern": {"0.self_attn.v_proj": 9, "layers\\.1\\.self_attn\\.q_proj": 8, ".*q_proj": 4}})";
  check(out);
}

}  // namespace
}  // namespace talweg::tasks
