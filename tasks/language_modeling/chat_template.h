#pragma once

#include <string>
#include <vector>

#include "tasks/language_modeling/tokenised_text.h"

namespace talweg::tasks {

/// One turn of a conversation.
struct ChatMessage {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

/// A stretch of a conversation as text; only what the assistant says, and the mark that ends it, is trained on.
struct ChatPiece {
  std::string text;
  bool trained;
};

/// The words with which SmolLM2's own template introduces a conversation that has no system message.
extern const char* const kSmolLm2System;

/// A conversation in ChatML, the template of SmolLM2: every message as <|im_start|>ROLE\nCONTENT<|im_end|>\n. A system
/// message is put in front when there is none and `system` is not empty. With `answer_follows` the text ends where the
/// assistant begins to speak.
std::vector<ChatPiece> format_chat(const std::vector<ChatMessage>& messages, const std::string& system,
                                   bool answer_follows);

}  // namespace talweg::tasks
