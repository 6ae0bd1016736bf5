#pragma once

#include <memory>

#include "models/language/language_model.h"
#include "models/text/text_encoder.h"

namespace talweg::tasks {

/// A decoder that reads texts for a head: its hidden states. Texts are padded on the right, where attention to the left
/// alone does not look, so that the mask is only needed for pooling; `last` pools the one state that has seen the whole
/// text.
class DecoderEncoder : public models::TextEncoder {
 public:
  explicit DecoderEncoder(std::shared_ptr<models::LanguageModel> model);

  at::Tensor hidden(const models::TextInput& input) override { return model_->hidden(input.ids); }
  std::int64_t width() const override { return model_->head().size(1); }
  std::int64_t positions() const override;
  std::int64_t vocabulary() const override { return model_->vocabulary(); }
  std::vector<std::vector<at::Tensor>> stages() override;
  /// The head over the vocabulary, where it is not the embedding's own matrix.
  std::vector<at::Tensor> beside_hidden() override;

 private:
  std::shared_ptr<models::LanguageModel> model_;
};

/// Registers the backbone `decoder`.
void register_decoder_backbone();

}  // namespace talweg::tasks
