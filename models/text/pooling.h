#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/text/text_encoder.h"

namespace talweg::models {

/// How the vectors of the tokens become the vector of a text.
enum class Pooling {
  mean,     ///< over the tokens that are no padding
  first,    ///< of the first token ([CLS])
  last,     ///< of the last token that is no padding (decoders: it alone has seen the whole text)
  largest,  ///< the largest value of every component
  summary,  ///< the encoder's own summary (BERT's pooler)
};
inline std::vector<std::pair<std::string, Pooling>> choices(Pooling) {
  return {{"mean", Pooling::mean},
          {"first", Pooling::first},
          {"last", Pooling::last},
          {"largest", Pooling::largest},
          {"summary", Pooling::summary}};
}

/// hidden [batch, length, width] → [batch, width].
at::Tensor pool(Pooling pooling, TextEncoder& encoder, const at::Tensor& hidden, const at::Tensor& mask);

}  // namespace talweg::models
