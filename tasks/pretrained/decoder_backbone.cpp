#include "tasks/pretrained/decoder_backbone.h"

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/text_classification/text_backbone.h"

namespace talweg::tasks {
namespace {

/// A decoder as an encoder of text: every token sees those before it. Padding stands on the right, where none sees it.
class DecoderStates : public models::TextEncoder {
 public:
  explicit DecoderStates(std::shared_ptr<models::LanguageModel> model)
      : model_(register_module("decoder", std::move(model))) {
    // A head for the next token has no part in it, unless it is the embedding itself.
    const auto parameters = model_->named_parameters();
    if (const at::Tensor* head = parameters.find("head.weight")) head->set_requires_grad(false);
  }

  at::Tensor hidden(const models::TextInput& input) override { return model_->hidden(input.ids); }
  std::int64_t width() const override { return model_->head().size(1); }
  std::int64_t positions() const override { return model_->positions(); }
  std::int64_t vocabulary() const override { return model_->vocabulary(); }
  std::vector<std::shared_ptr<torch::nn::Module>> stages() override {
    const auto children = model_->named_children();
    std::vector<std::shared_ptr<torch::nn::Module>> list{children["embedding"]};
    for (const auto& layer : children["layers"]->children()) list.push_back(layer);
    return list;
  }

 private:
  std::shared_ptr<models::LanguageModel> model_;
};

struct DecoderOptions {
  std::string path;
  bool activation_checkpointing = false;
};
void declare(config::Fields& f, DecoderOptions& o) {
  f("path", o.path, "a GGUF file or a folder of the Hugging Face library", config::required());
  f("activation_checkpointing", o.activation_checkpointing,
    "keep only the input of every layer and compute the rest again");
}

TextBackbone read_decoder(const DecoderOptions& options) {
  PretrainedLanguageModel pretrained = read_language_model(options.path);
  pretrained.model->recompute_layers(options.activation_checkpointing);
  TextBackbone backbone;
  backbone.encoder = std::make_shared<DecoderStates>(pretrained.model);
  backbone.tokenizer = pretrained.tokenizer;
  backbone.pooling = models::Pooling::last;
  backbone.folder_content = [](const TextHead&) -> weights::ModelFolderContent {
    throw ConfigError("the Hugging Face library has no class for a decoder under a head with a bias: such a model stays a run");
  };
  return backbone;
}

}  // namespace

void register_decoder_backbone() {
  static const bool once = [] {
    config::Registry<TextBackboneKind>::instance().add<DecoderOptions>(
        "decoder", "a pretrained decoder (Llama, GPT-2), read at the last token", "Radford et al. 2018", read_decoder);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
