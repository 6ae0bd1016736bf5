#include "tasks/language_modeling/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;

/// What corpora call the roles, and what the template calls them.
constexpr std::pair<const char*, const char*> kRoles[] = {
    {"system", "system"},           {"user", "user"},         {"human", "user"},    {"assistant", "assistant"},
    {"gpt", "assistant"},           {"chatgpt", "assistant"}, {"bot", "assistant"}, {"model", "assistant"},
    {"function_call", "assistant"}, {"tool", "tool"},         {"function", "tool"}, {"function_response", "tool"},
    {"observation", "tool"},        {"ipython", "tool"}};

const json& member(const json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) throw DataError(fmt::format("there is no '{}'", name));
  return *found;
}

bool is_there(const json& object, const std::string& name) {
  const auto found = object.find(name);
  return found != object.end() && !found->is_null();
}

std::string role_of(const std::string& given) {
  std::string known;
  for (const auto& [name, role] : kRoles) {
    if (given == name) return role;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw DataError(fmt::format("there is no role '{}' (known: {})", given.substr(0, 60), known));
}

/// Text, or the texts of a list of parts joined.
std::string text_of(const json& content, const std::string& name) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) throw DataError(fmt::format("'{}' is not text", name));
  std::string text;
  for (const json& part : content) {
    if (part.is_string()) {
      text += part.get_ref<const std::string&>();
      continue;
    }
    const json type = part.is_object() ? part.value("type", json("text")) : json();
    if (type != "text" || !is_there(part, "text") || !part.at("text").is_string())
      throw DataError(fmt::format("'{}' has a part of type {}; only parts with text are read", name, type.dump()));
    text += part.at("text").get_ref<const std::string&>();
  }
  return text;
}

tokenizer::ChatMessage message_of(const json& turn, const char* role, const char* content) {
  for (const char* other : {"tool_calls", "function_call", "images", "audios", "videos"})
    if (is_there(turn, other) && !turn.at(other).empty())
      throw DataError(
          fmt::format("a turn has '{}', which is not read: write what is to be learnt as '{}'", other, content));
  tokenizer::ChatMessage message{role_of(text_of(member(turn, role), role)), text_of(member(turn, content), content)};
  if (is_there(turn, "weight")) {
    const json& weight = turn.at("weight");
    if (weight != 0 && weight != 1) throw DataError("the 'weight' of a turn is neither 0 nor 1");
    message.trained = weight == 1;
  }
  return message;
}

std::vector<tokenizer::ChatMessage> turns_of(const json& list, const std::string& name) {
  const bool from_value = list.is_array() && !list.empty() && list.front().is_object() &&
                          !list.front().contains("role") && list.front().contains("from");
  const char* role = from_value ? "from" : "role";
  const char* content = from_value ? "value" : "content";
  if (!list.is_array() || list.empty() ||
      !std::all_of(list.begin(), list.end(), [](const json& turn) { return turn.is_object(); }))
    throw DataError(fmt::format("'{}' is not a list of objects with '{}' and '{}'", name, role, content));
  std::vector<tokenizer::ChatMessage> messages;
  for (const json& turn : list) messages.push_back(message_of(turn, role, content));
  return messages;
}

std::vector<tokenizer::ChatMessage> instruction_of(const json& object) {
  std::vector<tokenizer::ChatMessage> messages;
  const auto text = [&](const char* name) { return is_there(object, name) ? text_of(object.at(name), name) : ""; };
  if (const std::string system = text("system"); !system.empty()) messages.push_back({"system", system});
  if (is_there(object, "history"))
    for (const json& exchange : object.at("history")) {
      if (!exchange.is_array() || exchange.size() != 2)
        throw DataError("'history' is not a list of [question, answer]");
      messages.push_back({"user", text_of(exchange[0], "history")});
      messages.push_back({"assistant", text_of(exchange[1], "history")});
    }
  const std::string input = text("input");
  messages.push_back(
      {"user", text_of(member(object, "instruction"), "instruction") + (input.empty() ? "" : "\n" + input)});
  messages.push_back({"assistant", text_of(member(object, "output"), "output")});
  return messages;
}

}  // namespace

std::vector<tokenizer::ChatMessage> read_messages(const json& object, const ChatMembers& members) {
  for (const std::string& name : {members.messages, std::string("conversations")})
    if (is_there(object, name)) return turns_of(object.at(name), name);
  if (!is_there(object, members.prompt) && is_there(object, "instruction")) return instruction_of(object);
  if (!is_there(object, members.prompt))
    throw DataError(fmt::format("there is neither '{}' nor 'conversations', '{}' or 'instruction'", members.messages,
                                members.prompt));
  return {{"user", text_of(member(object, members.prompt), members.prompt)},
          {"assistant", text_of(member(object, members.response), members.response)}};
}

}  // namespace talweg::tasks
