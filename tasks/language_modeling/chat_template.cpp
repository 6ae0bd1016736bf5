#include "tasks/language_modeling/chat_template.h"

namespace talweg::tasks {

const char* const kSmolLm2System = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

std::vector<ChatPiece> format_chat(const std::vector<ChatMessage>& messages, const std::string& system,
                                   bool answer_follows) {
  std::vector<ChatPiece> pieces;
  const auto context = [&](const std::string& text) {
    if (!pieces.empty() && !pieces.back().trained)
      pieces.back().text += text;
    else
      pieces.push_back({text, false});
  };
  const bool introduced = !messages.empty() && messages.front().role == "system";
  if (!introduced && !system.empty()) context("<|im_start|>system\n" + system + "<|im_end|>\n");
  for (const ChatMessage& message : messages) {
    context("<|im_start|>" + message.role + "\n");
    if (message.role == "assistant") {
      pieces.push_back({message.content + "<|im_end|>", true});
      context("\n");
    } else {
      context(message.content + "<|im_end|>\n");
    }
  }
  if (answer_follows) context("<|im_start|>assistant\n");
  return pieces;
}

}  // namespace talweg::tasks
