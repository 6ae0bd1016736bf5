#include "core/tokenizer/chat_template.h"

#include <optional>

#include "core/error.h"

namespace talweg::tokenizer {

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
      if (message.trained)
        pieces.push_back({message.content + "<|im_end|>", true});
      else
        context(message.content + "<|im_end|>");
      context("\n");
    } else {
      context(message.content + "<|im_end|>\n");
    }
  }
  if (answer_follows) context("<|im_start|>assistant\n");
  return pieces;
}

namespace {

/// The text of a Jinja template from a place to a mark, its escapes undone; nothing when it is put together from parts
/// of a conversation. `quote` begins the literal; another character: the text stands outside of one.
std::optional<std::string> literal_until(const std::string& jinja, std::size_t from, const std::string& mark,
                                         char quote) {
  const bool quoted = quote == '\'' || quote == '"';
  std::string text;
  for (std::size_t at = from; at < jinja.size(); ++at) {
    if (jinja.compare(at, mark.size(), mark) == 0) return text;
    char c = jinja[at];
    if (quoted ? c == quote : c == '{') return std::nullopt;
    if (quoted && c == '\\' && at + 1 < jinja.size()) {
      c = jinja[++at];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    text += c;
  }
  return std::nullopt;
}

}  // namespace

std::int32_t chat_end(const Tokenizer& tokenizer) {
  const auto end = tokenizer.find("<|im_end|>");
  if (!end || !tokenizer.find("<|im_start|>"))
    throw ConfigError(
        "conversations are written with the tokens <|im_start|> and <|im_end|>, which the tokenizer does not have: use "
        "a "
        "model or tokenizer that has them, or plain text");
  return *end;
}

Ids encode_chat(const Tokenizer& tokenizer, const std::string& question, const std::string& system) {
  chat_end(tokenizer);
  Ids ids;
  for (const ChatPiece& piece : format_chat({{"user", question}}, system, true)) tokenizer.append(piece.text, ids);
  return ids;
}

std::string system_of_template(const std::string& jinja) {
  if (jinja.find("<|im_start|>") == std::string::npos)
    throw ConfigError(
        "the model's chat template is no ChatML (<|im_start|> … <|im_end|>), the only one that is written here: write "
        "the conversation out as its template would, and use --prompt");
  for (const std::string begin : {"<|im_start|>system\n", "<|im_start|>system\\n"})
    for (std::size_t at = jinja.find(begin); at != std::string::npos; at = jinja.find(begin, at + 1))
      if (const auto text = literal_until(jinja, at + begin.size(), "<|im_end|>", at > 0 ? jinja[at - 1] : '\0'))
        return *text;
  return "";
}

std::string chatml_template(const std::string& system) {
  std::string literal;
  for (const char c : system) {
    if (c == '\'' || c == '\\') literal += '\\';
    literal += c;
  }
  const std::string introduction =
      system.empty() ? ""
                     : "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n" + literal +
                           "<|im_end|>\n' }}{% endif %}";
  return "{% for message in messages %}" + introduction +
         "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
         "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
}

}  // namespace talweg::tokenizer
