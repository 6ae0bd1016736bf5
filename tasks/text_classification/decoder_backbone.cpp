#include "tasks/text_classification/decoder_backbone.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/source_files.h"
#include "tasks/text_classification/text_backbone.h"

namespace talweg::tasks {
namespace {

struct DecoderOptions {
  std::string path;
};
void declare(config::Fields& f, DecoderOptions& o) {
  f("path", o.path, "a GGUF file, or a folder in the layout of the Hugging Face library (llama, gpt2)",
    config::required());
}

TextBackbone read_decoder(const DecoderOptions& options) {
  const PretrainedLanguageModel pretrained = read_language_model(options.path);
  TextBackbone backbone;
  backbone.encoder = std::make_shared<DecoderEncoder>(pretrained.model);
  backbone.tokenizer = pretrained.tokenizer;
  backbone.pooling = models::Pooling::last;
  backbone.files = fingerprints_of_model(options.path);
  backbone.folder_content = [](const TextHead&) -> weights::ModelFolderContent {
    throw ConfigError("a decoder with a head for classes or values has no folder layout here; its checkpoint holds it");
  };
  return backbone;
}

/// The place of a parameter: 0 for embeddings, 1 + i for layer i; what stands behind the layers counts to the last.
std::size_t stage_of(const std::string& name, std::size_t layers) {
  const std::string prefix = "layers.";
  if (name.starts_with(prefix)) return 1 + std::stoul(name.substr(prefix.size()));
  return name.starts_with("norm.") ? layers : 0;
}

}  // namespace

DecoderEncoder::DecoderEncoder(std::shared_ptr<models::LanguageModel> model)
    : model_(register_module("decoder", std::move(model))) {}

std::int64_t DecoderEncoder::positions() const {
  constexpr std::int64_t unlimited = 1 << 20;
  return model_->positions() > 0 ? model_->positions() : unlimited;
}

std::vector<at::Tensor> DecoderEncoder::beside_hidden() {
  const at::Tensor head = model_->head();
  for (const auto& item : model_->named_parameters())
    if (item.value().is_same(head) && !item.key().starts_with("embedding")) return {head};
  return {};
}

std::vector<std::vector<at::Tensor>> DecoderEncoder::stages() {
  const std::vector<at::Tensor> beside = beside_hidden();
  std::size_t layers = 0;
  for (const auto& item : model_->named_parameters())
    if (item.key().starts_with("layers.")) layers = std::max(layers, stage_of(item.key(), 0));
  std::vector<std::vector<at::Tensor>> stages(layers + 1);
  for (const auto& item : model_->named_parameters())
    if (beside.empty() || !item.value().is_same(beside.front()))
      stages[stage_of(item.key(), layers)].push_back(item.value());
  return stages;
}

void register_decoder_backbone() {
  config::Registry<TextBackboneKind>::instance().add<DecoderOptions>(
      "decoder", "a language model with its weights and tokenizer, read for its hidden states", "Radford et al. 2018",
      read_decoder);
}

}  // namespace talweg::tasks
