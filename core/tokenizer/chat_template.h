#pragma once

#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// One turn of a conversation.
struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant" or "tool"
  std::string content;
  bool trained = true;  ///< of the assistant: whether it is trained on
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

/// The id that ends every turn in this template. Throws ConfigError when the tokenizer has no tokens for it.
std::int32_t chat_end(const Tokenizer& tokenizer);

/// The ids of a question in the template, where the assistant begins to speak.
Ids encode_chat(const Tokenizer& tokenizer, const std::string& question, const std::string& system);

/// The system message with which a chat template of the Hugging Face library (in Jinja) introduces a conversation that
/// has none; "" when it has none. Throws ConfigError when the template is no ChatML.
std::string system_of_template(const std::string& jinja);

/// ChatML with a system message of its own, as such a template.
std::string chatml_template(const std::string& system);

}  // namespace talweg::tokenizer
