#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace talweg::tokenizer {

/// The change of text before BERT's words are looked for. Source: Devlin et al. 2019, as in the reference
/// implementation.
struct BertNormalizer {
  bool clean = true;                ///< control characters vanish, every white space becomes a blank
  bool separate_ideographs = true;  ///< blanks around every Chinese character
  bool strip_accents = true;
  bool lowercase = true;
};

/// The normalised text, valid UTF-8. Bytes that are not become U+FFFD, which `clean` removes.
std::string normalize(const BertNormalizer& normalizer, std::string_view text);

/// The words of normalised text: cut at white space, which vanishes, and around every punctuation character, which is a
/// word of its own. The views point into `text`.
std::vector<std::string_view> bert_words(std::string_view text);

}  // namespace talweg::tokenizer
