#include <fmt/format.h>

#include "core/error.h"
#include "core/io/mapped_file.h"
#include "core/libtorch.h"
#include "core/tokenizer/read_tokenizer.h"
#include "core/weights/gguf.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "tasks/language_modeling/tokenised_text.h"
#include "tasks/pretrained/byte_tokenizer.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/weight_table.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

bool is_gguf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  return io::MappedFile(path).bytes().starts_with("GGUF");
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
  WeightSource source{path.string(), {}, [&](const std::string& name) { return file.tensor(name); }};
  for (const weights::GgufTensor& tensor : file.tensors()) source.names.insert(tensor.name);
  load_weights(*model, llama_gguf_rules(), source, shape.size_of_head(),
               [](const std::string& name) { return name == "rope_freqs.weight"; });
  return model;
}

}  // namespace

NamedTokenizer read_named_tokenizer(const std::string& name) {
  if (name == "bytes") return {std::make_shared<ByteTokenizer>(), "bytes"};
  fs::path file = name;
  if (fs::is_directory(file)) file /= "tokenizer.json";
  return {tokenizer::read_tokenizer(name), content_key(io::MappedFile(file).bytes())};
}

PretrainedLanguageModel read_language_model(const fs::path& path) {
  if (!is_gguf(path))
    throw DataError(fmt::format("'{}' is no model: a GGUF file or a folder of the Hugging Face library was expected",
                                path.string()));
  NamedTokenizer named = read_named_tokenizer(path.string());
  return {read_gguf(path), std::move(named.tokenizer), std::move(named.key)};
}

void read_adapters(const fs::path&, models::LanguageModel&) {}

}  // namespace talweg::tasks
