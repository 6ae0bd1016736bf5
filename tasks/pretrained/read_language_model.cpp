#include <fmt/format.h>

#include "core/error.h"
#include "core/io/content_key.h"
#include "core/io/mapped_file.h"
#include "core/libtorch.h"
#include "core/tokenizer/byte_tokenizer.h"
#include "core/tokenizer/read_tokenizer.h"
#include "core/weights/gguf.h"
#include "core/weights/model_folder.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "tasks/pretrained/config_keys.h"
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

/// Refuses metadata that the model may need and that is not read, and what the file says of positions and heads that
/// is not built here.
void require_supported(const weights::GgufFile& file, std::int64_t head_size) {
  const std::string where = file.path().string();
  for (const auto& [key, value] : file.metadata()) {
    const std::string space = key.substr(0, key.find('.'));
    if (space == "llama" || space == "general" || space == "split" || space == "adapter" || space == key)
      io::require_known_key(key, value, gguf_llama_keys(), where);
  }
  if (const auto type = file.get_or<std::string>("general.type", "model"); type != "model")
    throw DataError(fmt::format("{}: 'general.type' is '{}'; a file with a whole model is needed", where, type));
  const auto same = [&](const char* key, const char* needed) {
    if (const auto size = file.get_or<std::int64_t>(key, head_size); size != head_size)
      throw DataError(fmt::format("{}: '{}' is {} and a head has {} numbers: it needs {}, which is not supported",
                                  where, key, size, head_size, needed));
  };
  same("llama.rope.dimension_count", "rotary positions on a part of each head");
  same("llama.attention.value_length", "values of another size than keys");
}

models::RotaryScaling gguf_scaling(const weights::GgufFile& file) {
  const auto fail = [&](const std::string& message) {
    throw DataError(fmt::format("{}: {}", file.path().string(), message));
  };
  const bool factors = file.has_tensor("rope_freqs.weight");
  const auto type = file.get_or<std::string>("llama.rope.scaling.type", "none");
  if (type != "none" && type != "linear")
    fail(fmt::format("'llama.rope.scaling.type' is '{}', which is not supported (none and linear are)", type));
  const auto factor =
      file.get_or<double>("llama.rope.scaling.factor", file.get_or<double>("llama.rope.scale_linear", 1));
  const bool linear = factor != 1 && factor != 0 && (type == "linear" || !file.has("llama.rope.scaling.type"));
  if (factor < 0) fail("the factor of the rotary positions' scaling is negative");
  if (linear && factors) fail("rotary positions are scaled by 'rope_freqs.weight' and by a factor; one is supported");
  if (linear) return models::LinearRotaryScaling{factor};
  if (!factors) return {};
  const at::Tensor divisors = file.tensor("rope_freqs.weight").to(at::kDouble).flatten().contiguous();
  if (divisors.eq(1).all().item<bool>()) return {};
  const double* values = divisors.const_data_ptr<double>();
  return models::ListedRotaryScaling{{values, values + divisors.numel()}};
}

/// The type of most of the file's numbers; of packed ones there is none but float32.
at::ScalarType number_type_of(const weights::GgufFile& file) {
  std::map<at::ScalarType, std::int64_t> numbers;
  for (const weights::GgufTensor& tensor : file.tensors()) {
    const std::string_view name = tensor.format->name;
    numbers[name == "F16"    ? at::kHalf
            : name == "BF16" ? at::kBFloat16
                             : at::kFloat] += c10::multiply_integers(tensor.shape);
  }
  return weights::usual_type(numbers);
}

struct ReadModel {
  std::shared_ptr<models::LanguageModel> model;
  at::ScalarType number_type;
};

ReadModel read_gguf(const fs::path& path) {
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
  require_supported(file, shape.size_of_head());
  shape.rotary_scaling = gguf_scaling(file);
  auto model = std::make_shared<models::Llama>(shape, false);
  weights::TensorSource source{path.string(), {}, [&](const std::string& name) { return file.tensor(name); }};
  for (const weights::GgufTensor& tensor : file.tensors()) source.names.push_back(tensor.name);
  load(*model, source, llama_gguf_names(shape.size_of_head()));
  return {model, number_type_of(file)};
}

ReadModel read_folder(const fs::path& path) {
  const weights::ModelFolder folder(path);
  std::shared_ptr<models::LanguageModel> model = model_of(folder.config(), path.string());
  weights::TensorSource source = folder.source();
  // Files of tied models may hold the embedding once more.
  if (const auto* llama = dynamic_cast<const models::Llama*>(model.get()); llama && llama->shape().tied)
    std::erase(source.names, "lm_head.weight");
  const bool bare = folder.tensors().count("wte.weight") > 0;  // as the first GPT-2 files were written
  load(*model, source, bare ? gpt2_names("") : names_of(*model));
  return {model, folder.number_type()};
}

}  // namespace

bool is_gguf(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && io::MappedFile(path).bytes().starts_with("GGUF");
}

NamedTokenizer read_named_tokenizer(const std::string& name) {
  if (name == "bytes") return {std::make_shared<tokenizer::ByteTokenizer>(), "bytes"};
  const fs::path file = tokenizer::tokenizer_file(name);
  return {tokenizer::read_tokenizer(file), io::content_key(io::MappedFile(file).bytes())};
}

PretrainedLanguageModel read_language_model(const fs::path& path) {
  const bool gguf = is_gguf(path);
  if (!gguf && fs::is_regular_file(path))
    throw DataError(fmt::format("'{}' is neither a GGUF file nor a folder with a model", path.string()));
  auto [model, number_type] = gguf ? read_gguf(path) : read_folder(path);
  NamedTokenizer named = read_named_tokenizer(path.string());
  if (named.tokenizer->vocabulary_size() > model->vocabulary())
    throw DataError(fmt::format("'{}': the tokenizer has {} ids, the model {}", path.string(),
                                named.tokenizer->vocabulary_size(), model->vocabulary()));
  return {std::move(model), std::move(named.tokenizer), std::move(named.key), number_type};
}

}  // namespace talweg::tasks
