// Conversations: the forms that corpora have, what is trained on, and where an answer ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "complaint.h"
#include "core/tokenizer/chat_template.h"
#include "tasks/language_modeling/chat_messages.h"

namespace talweg::tasks {
namespace {

using testing::complaint;
using ::testing::HasSubstr;

/// "role: content" of every turn; "*" behind a role of which nothing is trained.
std::string turns_of(const std::string& object) {
  std::string text;
  for (const tokenizer::ChatMessage& message : read_messages(nlohmann::json::parse(object), {}))
    text += message.role + (message.trained ? "" : "*") + ": " + message.content + "; ";
  return text;
}

std::string said_of_turns(const std::string& object) {
  return complaint([&] { turns_of(object); });
}

TEST(ChatMessages, AreReadInEveryUsualForm) {
  EXPECT_EQ(turns_of(R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "x"}]})"),
            "user: hi; assistant: x; ");
  EXPECT_EQ(turns_of(R"({"prompt": "hi", "response": "x", "instruction": "z"})"), "user: hi; assistant: x; ");
  // ShareGPT
  EXPECT_EQ(turns_of(R"({"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "hi"},
                         {"from": "gpt", "value": "x"}, {"from": "observation", "value": "t"}]})"),
            "system: s; user: hi; assistant: x; tool: t; ");
  // Alpaca
  EXPECT_EQ(turns_of(R"({"instruction": "add", "input": "1 2", "output": "3"})"), "user: add\n1 2; assistant: 3; ");
  EXPECT_EQ(turns_of(R"({"instruction": "say", "input": "", "output": "x", "system": "s", "history": [["a", "b"]]})"),
            "system: s; user: a; assistant: b; user: say; assistant: x; ");
  // Content in parts, a tool's turn, and turns that are not trained on.
  EXPECT_EQ(turns_of(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text",
                         "text": "b"}]}, {"role": "tool", "content": "t"},
                         {"role": "assistant", "content": "x", "weight": 0}]})"),
            "user: ab; tool: t; assistant*: x; ");
}

TEST(ChatMessages, OtherFormsAreRefusedWithTheReason) {
  EXPECT_THAT(said_of_turns(R"({"messages": "hi"})"), HasSubstr("'messages' is not a list of objects with 'role'"));
  EXPECT_THAT(said_of_turns(R"({"messages": []})"), HasSubstr("'messages' is not a list"));
  EXPECT_THAT(said_of_turns(R"({"text": "hi"})"), HasSubstr("neither 'messages' nor 'conversations', 'prompt'"));
  EXPECT_THAT(said_of_turns(R"({"messages": [{"role": "narrator", "content": "x"}]})"),
              HasSubstr("no role 'narrator' (known: system, user"));
  EXPECT_THAT(said_of_turns(R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})"),
              HasSubstr("a part of type \"image_url\""));
  EXPECT_THAT(said_of_turns(R"({"messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": 1}]}]})"),
              HasSubstr("'tool_calls', which is not read"));
  EXPECT_THAT(said_of_turns(R"({"instruction": "x"})"), HasSubstr("there is no 'output'"));
}

TEST(ChatTemplate, TheSystemMessageOfATemplateIsFound) {
  EXPECT_EQ(tokenizer::system_of_template(tokenizer::chatml_template("You're \\ {here}.\nYes.")),
            "You're \\ {here}.\nYes.");
  EXPECT_EQ(tokenizer::system_of_template(tokenizer::chatml_template("Be brief.")), "Be brief.");
  EXPECT_EQ(tokenizer::system_of_template(tokenizer::chatml_template("")), "");
  EXPECT_EQ(tokenizer::system_of_template("{{ '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>' }}"
                                          "{{ '<|im_start|>system\\nYou are Q.<|im_end|>\\n' }}"),
            "You are Q.");
  EXPECT_THAT(complaint([] { tokenizer::system_of_template("{{ '[INST]' }}"); }), HasSubstr("no ChatML"));
}

}  // namespace
}  // namespace talweg::tasks
