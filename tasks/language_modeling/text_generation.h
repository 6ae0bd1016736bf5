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

/// Which ids a model may write, and which of them end the text without being part of it.
struct WritableIds {
  std::int64_t count;  ///< ids 0 … count − 1; a model's vocabulary may be padded beyond those of its tokenizer
  tokenizer::Ids ends = {};
};
/// All ids of a tokenizer; those that end a text do.
WritableIds writable_ids(const tokenizer::Tokenizer& tokenizer);

/// The text that a model writes behind ids: tokens until one that ends the text, `max_tokens` or the end of its
/// positions. `each` sees every token as it comes; when it returns false, the text ends. The model is in evaluation
/// mode; throws ConfigError for no prompt, or one that fills the model's positions.
tokenizer::Ids continue_ids(models::LanguageModel& model, const tokenizer::Ids& prompt, const WritableIds& writable,
                            const SamplingOptions& options, RandomGenerator random,
                            const std::function<bool(std::int32_t)>& each);

/// Turns tokens into text as they come, whole characters only: a token may end inside of one. What has come together
/// is the decoding of the whole behind that of the prompt, also where a token reads differently at the beginning of a
/// text (SentencePiece's blanks).
class TextStream {
 public:
  /// `prompt`: the ids that the tokens continue.
  explicit TextStream(const tokenizer::Tokenizer& tokenizer, const tokenizer::Ids& prompt = {});
  /// The characters that this token completes.
  std::string add(std::int32_t id);
  /// The rest of the text: an unfinished character as U+FFFD.
  std::string rest();

 private:
  void forget_settled();
  /// How much of the window's text no further token can change.
  std::size_t settled() const;

  const tokenizer::Tokenizer& tokenizer_;
  tokenizer::Ids window_;    // the last tokens, of which the first give others their place
  std::string text_;         // of the window
  std::size_t written_ = 0;  // bytes of it that were given out
};

}  // namespace talweg::tasks
