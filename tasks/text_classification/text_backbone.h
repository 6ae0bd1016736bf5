#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"
#include "core/tokenizer/tokenizer.h"
#include "core/weights/model_folder.h"
#include "models/text/pooling.h"
#include "models/text/text_encoder.h"

namespace talweg::tasks {

/// A head as a file has it: what it reads and its one linear layer.
struct TextHead {
  models::Pooling pooling;
  std::vector<std::string> class_names;  ///< empty: a regression
  at::Tensor weight, bias;               ///< [outputs, width], [outputs]
};

/// A model that reads text, with the tokenizer it was trained with. Encoders of any family plug in here.
struct TextBackbone {
  std::shared_ptr<models::TextEncoder> encoder;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  models::Pooling pooling;  ///< what suits the family
  /// The encoder, as it stands, with a head in the layout of the Hugging Face library.
  std::function<weights::ModelFolderContent(const TextHead&)> folder_content;
  /// The head that the backbone's files came with.
  std::optional<TextHead> head = std::nullopt;
  /// The type in which the backbone's weights were read.
  at::ScalarType number_type = at::kFloat;
  /// The files it was read from; empty where everything is new.
  io::FileFingerprints files = {};
};

/// The kind of component that `backbone:` chooses.
struct TextBackboneKind {
  static constexpr const char* name = "text_backbone";
  using Signature = TextBackbone();
};

/// Registers `pretrained`, `bert` and `decoder`. Calling it again does nothing.
void register_text_backbones();

}  // namespace talweg::tasks
