#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Texts, or pairs of texts, with a label each, as a file writes them.
struct LabelledTexts {
  std::vector<std::string> first;
  std::vector<std::string> second;  ///< of pairs; otherwise empty
  std::vector<std::string> labels;
  std::string name;                 ///< for messages
  io::FileFingerprints files = {};  ///< that they were read from; empty where they were not
  std::size_t size() const { return first.size(); }
  bool is_pairs() const { return !second.empty(); }
};

/// The kind of component that `data:` chooses in the text classification task. `streams` seeds synthetic data.
struct LabelledTextKind {
  static constexpr const char* name = "labelled_text";
  using Signature = LabelledTexts(const RandomStreams& streams);
};

enum class TextFormat { automatic, tsv, jsonl };
inline std::vector<std::pair<std::string, TextFormat>> choices(TextFormat) {
  return {{"automatic", TextFormat::automatic}, {"tsv", TextFormat::tsv}, {"jsonl", TextFormat::jsonl}};
}

/// Where texts and labels are in a file.
struct TextFileOptions {
  std::string path;
  TextFormat format = TextFormat::automatic;
  std::string text = "sentence";
  std::optional<std::string> pair;
  std::string label = "label";
  bool header = true;
  std::optional<std::int64_t> sample;
};
void declare(config::Fields& f, TextFileOptions& o);

/// Reads tab-separated lines (no quoting, as in GLUE; columns by name or by number from 0) or JSON lines (by key;
/// labels may be numbers or text), gzipped or not. Bytes that are not valid UTF-8 are kept. `name` stands for the file
/// in messages. Throws DataError naming file:line: a missing column or key, a ragged line, no examples.
LabelledTexts parse_tsv(std::string_view text, const std::string& name, const TextFileOptions& options);
LabelledTexts parse_jsonl(std::string_view text, const std::string& name, const TextFileOptions& options);
LabelledTexts read_text_file(const TextFileOptions& options);

/// The texts with these indices.
LabelledTexts select(const LabelledTexts& texts, const std::vector<std::int64_t>& indices);

/// Registers `file` and `opinions`. Calling it again does nothing.
void register_labelled_texts();

}  // namespace talweg::tasks
