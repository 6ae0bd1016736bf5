#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/tokenizer/chat_template.h"

namespace talweg::tasks {

/// Members of a JSON object that hold a conversation, where a corpus calls them otherwise than is usual.
struct ChatMembers {
  std::string messages = "messages";  ///< a list of turns
  std::string prompt = "prompt", response = "response";
};

/// The conversation of an object, in the first of these forms whose member is there: a list of {role, content}
/// (`messages`); one of {from, value} ("conversations", ShareGPT); a question and an answer (`prompt`, `response`); or
/// "instruction", "input" and "output" with "system" and "history" (Alpaca; a line feed between instruction and
/// input). The content of a turn is text, or a list of parts {"type": "text", "text": …}, which are joined. A turn of
/// the assistant with "weight": 0 is not trained on. Throws DataError that says what is wrong: another form or role,
/// an empty list, pictures, calls of tools that are not written as text.
std::vector<tokenizer::ChatMessage> read_messages(const nlohmann::json& object, const ChatMembers& members);

}  // namespace talweg::tasks
