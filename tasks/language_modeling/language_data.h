#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/config/component.h"
#include "core/data/token_file.h"
#include "core/io/file_fingerprint.h"
#include "core/tokenizer/tokenizer.h"

namespace talweg::tasks {

/// The tokenizer that turns text into ids, and where the result is kept.
struct Tokenisation {
  const tokenizer::Tokenizer& tokenizer;
  std::string tokenizer_key;    ///< tells tokenizers apart: the same key, the same ids
  bool end_of_document = true;  ///< the tokenizer's end-of-text id behind every document, where it has one
  std::filesystem::path cache;  ///< folder of token files
  bool framed = true;           ///< what the tokenizer's frame puts around a text around every document; its end of
                                ///< text is left to `end_of_document`
};

/// A corpus as ids.
struct LanguageCorpus {
  std::shared_ptr<const data::TokenFile> tokens;
  /// Nats per byte of text below which no model can go, where the language is known that well.
  std::optional<double> entropy_per_byte = std::nullopt;
  /// Of conversations: the system message of those that have none.
  std::optional<std::string> chat_system = std::nullopt;
  io::FileFingerprints files = {};  ///< that it was read from; empty where it was not
};

/// The kind of component that `data:` chooses in language modeling.
struct LanguageDataKind {
  static constexpr const char* name = "language_data";
  using Signature = LanguageCorpus(const Tokenisation&);
};

/// Registers `text`, `jsonl`, `chat`, `tokens` and `word_chain`. Calling it again does nothing.
void register_language_data();

/// The folder that token files are kept in unless a configuration names one: $TALWEG_CACHE_DIR, else
/// $XDG_CACHE_HOME/talweg, else ~/.cache/talweg.
std::filesystem::path default_cache_folder();

}  // namespace talweg::tasks
