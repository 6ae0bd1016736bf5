#include <fmt/format.h>

#include "core/error.h"
#include "core/io/mapped_file.h"
#include "core/libtorch.h"
#include "core/tokenizer/byte_tokenizer.h"
#include "core/tokenizer/read_tokenizer.h"
#include "core/weights/gguf.h"
#include "core/weights/model_folder.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "tasks/language_modeling/tokenised_text.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

weights::NamedTensors parameters_of(const models::LanguageModel& model) {
  weights::NamedTensors tensors;
  for (const auto& item : model.named_parameters()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

void load(models::LanguageModel& model, const weights::TensorSource& source, const weights::NameTable& names) {
  weights::require_complete(weights::load_tensors(source, names, parameters_of(model)), source.where);
}

std::shared_ptr<models::LanguageModel> read_gguf(const fs::path& path) {
  const weights::GgufFile file(path);
  const auto architecture = file.get<std::string>("general.architecture");
  if (architecture != "llama")
    throw DataError(
        fmt::format("'{}' holds a model of architecture '{}'; 'llama' is read", path.string(), architecture));
  const auto number = [&](const char* key) { return file.get<std::int64_t>(std::string("llama.") + key); };
  models::LlamaShape shape;
  shape.width = number("embedding_length");
  shape.layers = number("block_count");
  shape.heads = number("attention.head_count");
  shape.key_value_heads = file.get_or<std::int64_t>("llama.attention.head_count_kv", shape.heads);
  shape.head_size = file.get_or<std::int64_t>("llama.attention.key_length", 0);
  shape.feed_forward = number("feed_forward_length");
  shape.positions = number("context_length");
  shape.rotary_base = file.get_or<double>("llama.rope.freq_base", 10000);
  shape.norm_epsilon = file.get<double>("llama.attention.layer_norm_rms_epsilon");
  shape.vocabulary = file.describe("token_embd.weight").shape.front();
  shape.tied = !file.has_tensor("output.weight");
  shape.attention_bias = file.has_tensor("blk.0.attn_q.bias");
  auto model = std::make_shared<models::Llama>(shape, false);
  weights::TensorSource source{path.string(), {}, [&](const std::string& name) { return file.tensor(name); }};
  for (const weights::GgufTensor& tensor : file.tensors()) source.names.push_back(tensor.name);
  load(*model, source, llama_gguf_names(shape.size_of_head()));
  return model;
}

std::shared_ptr<models::LanguageModel> read_folder(const fs::path& path) {
  const weights::ModelFolder folder(path);
  std::shared_ptr<models::LanguageModel> model = model_of(folder.config(), path.string());
  weights::TensorSource source = folder.source();
  // Files of tied models may hold the embedding once more.
  if (const auto* llama = dynamic_cast<const models::Llama*>(model.get()); llama && llama->shape().tied)
    std::erase(source.names, "lm_head.weight");
  const bool bare = folder.tensors().count("wte.weight") > 0;  // as the first GPT-2 files were written
  load(*model, source, bare ? gpt2_names("") : names_of(*model));
  return model;
}

}  // namespace

bool is_gguf(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && io::MappedFile(path).bytes().starts_with("GGUF");
}

NamedTokenizer read_named_tokenizer(const std::string& name) {
  if (name == "bytes") return {std::make_shared<tokenizer::ByteTokenizer>(), "bytes"};
  fs::path file = name;
  if (fs::is_directory(file)) file /= "tokenizer.json";
  return {tokenizer::read_tokenizer(name), content_key(io::MappedFile(file).bytes())};
}

PretrainedLanguageModel read_language_model(const fs::path& path) {
  const bool gguf = is_gguf(path);
  if (!gguf && fs::is_regular_file(path))
    throw DataError(fmt::format("'{}' is neither a GGUF file nor a folder with a model", path.string()));
  std::shared_ptr<models::LanguageModel> model = gguf ? read_gguf(path) : read_folder(path);
  NamedTokenizer named = read_named_tokenizer(path.string());
  if (named.tokenizer->vocabulary_size() > model->vocabulary())
    throw DataError(fmt::format("'{}': the tokenizer has {} ids, the model {}", path.string(),
                                named.tokenizer->vocabulary_size(), model->vocabulary()));
  return {std::move(model), std::move(named.tokenizer), std::move(named.key)};
}

}  // namespace talweg::tasks
