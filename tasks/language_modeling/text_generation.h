#pragma once

#include <functional>
#include <string>

#include "core/random/random_streams.h"
#include "core/tokenizer/tokenizer.h"
#include "models/language/language_model.h"

namespace talweg::tasks {

/// How the next token is chosen.
struct SamplingOptions {
  std::int64_t max_tokens = 128;
  double temperature = 0;  ///< logits are divided by it; 0: always the most likely token
  double top_p = 1;        ///< draw from the most likely tokens that together have this probability
};
void declare(config::Fields& f, SamplingOptions& o);

/// The token that follows, from logits [vocabulary]. Source of top_p: Holtzman et al. 2020 (nucleus sampling).
std::int32_t choose_token(const at::Tensor& logits, const SamplingOptions& options, RandomGenerator& random);

/// What a model writes behind ids: tokens until its end of text, `max_tokens` or the end of its positions. `each` sees
/// every token as it comes; when it answers false, the text ends. The model is in evaluation mode; throws ConfigError
/// for no prompt, or one that fills the model's positions.
tokenizer::Ids continue_ids(models::LanguageModel& model, const tokenizer::Ids& prompt,
                            const std::optional<std::int32_t>& end, const SamplingOptions& options,
                            RandomGenerator random, const std::function<bool(std::int32_t)>& each);

/// Turns tokens into text as they come, whole characters only: a token may end inside of one.
class TextStream {
 public:
  explicit TextStream(const tokenizer::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  /// The characters that this token completes.
  std::string add(std::int32_t id);
  /// What is left: an unfinished character as U+FFFD.
  std::string rest();

 private:
  const tokenizer::Tokenizer& tokenizer_;
  std::string pending_;
};

}  // namespace talweg::tasks
