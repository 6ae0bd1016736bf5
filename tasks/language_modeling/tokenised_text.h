#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tasks/language_modeling/language_data.h"

namespace talweg::tasks {

/// Takes a document apart into pieces: text, and whether it is trained on.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void piece(std::string_view text, bool trained = true) = 0;
  virtual void end_document() = 0;
};

/// A text that can be walked through, document by document.
struct Text {
  std::string name;         ///< for messages: the file
  std::string content_key;  ///< changes with the content and with how it is read
  std::int64_t bytes = 0;   ///< of the whole, for progress
  bool marks_context = false;
  /// Hands over all documents; `read` is told the bytes that are done.
  std::function<void(DocumentSink& sink, const std::function<void(std::int64_t)>& read)> walk;
};

/// The text as ids: from the cache folder when it was tokenised before, with the same tokenizer and the same content;
/// else tokenised, with progress, and kept there. Throws DataError when there is no document, SystemError when the
/// cache cannot be written.
std::shared_ptr<const data::TokenFile> tokenised(const Text& text, const Tokenisation& how);

}  // namespace talweg::tasks
