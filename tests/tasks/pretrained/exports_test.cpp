// What is written of a language model: folders that are opened again, and checkpoints of adapters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/files/read_json_file.h"
#include "core/files/yaml.h"
#include "core/io/json_fields.h"
#include "core/libtorch.h"
#include "core/task/module_state.h"
#include "core/temporary_folder.h"
#include "core/weights/model_folder.h"
#include "tasks/language_modeling/language_modeling.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/tokenizer_files.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;
using testing::complaint;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::unique_ptr<LanguageModeling> make_task(const std::string& options, int seed = 1) {
  register_components();
  const auto parsed = config::parse<LanguageModelingOptions>(config::parse_yaml("{" + options + "}", "test"));
  at::manual_seed(seed);
  return std::make_unique<LanguageModeling>(parsed, TaskContext{at::kCPU, at::kFloat, RandomStreams(0)});
}

const std::string kData = "data: {type: word_chain, length: 200}, length: 16, ";
const std::string kNew = kData + "model: {type: llama, width: 16, layers: 1, heads: 2, feed_forward: 24}";

at::Tensor logits_of(models::LanguageModel& model) {
  torch::NoGradGuard no_grad;
  model.eval();
  return model.logits(model.hidden(at::tensor({113, 97, 32, 98}).unsqueeze(0)));
}

TEST(Export, IsOpenedAgain) {
  const TemporaryFolder folder;
  const auto task = make_task(kNew);
  task->write_model(folder.path() / "m", std::nullopt);
  const PretrainedLanguageModel again = read_language_model(folder.path() / "m");
  EXPECT_TRUE(at::equal(logits_of(*again.model), logits_of(task->model())));
  EXPECT_EQ(again.tokenizer->encode("caf\u00e9 1"), task->shared_tokenizer()->encode("caf\u00e9 1"));
  EXPECT_EQ(again.tokenizer->roles().end, 256);
  EXPECT_EQ(again.tokenizer->decode(tokenizer::Ids{99, 195, 169}), "c\u00e9");
  // And trained further, and exported once more.
  const auto further = make_task(kData + fmt::format("pretrained: '{}'", (folder.path() / "m").string()));
  further->write_model(folder.path() / "n", std::nullopt);
  EXPECT_TRUE(at::equal(logits_of(*read_language_model(folder.path() / "n").model), logits_of(task->model())));
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    EXPECT_EQ(io::read_json_file(folder.path() / "n" / name), io::read_json_file(folder.path() / "m" / name)) << name;
}

TEST(Export, KeepsTheTypeOfTheNumbersUnlessAsked) {
  const TemporaryFolder folder;
  const auto type_of = [&](const char* name) {
    const weights::ModelFolder read(folder.path() / name);
    EXPECT_EQ(read.config().at("dtype"), read.number_type() == at::kBFloat16 ? "bfloat16" : "float32");
    return read.number_type();
  };
  make_task(kNew)->write_model(folder.path() / "plain", std::nullopt);
  EXPECT_EQ(type_of("plain"), at::kFloat);
  make_task(kNew)->write_model(folder.path() / "half", at::kBFloat16);
  EXPECT_EQ(type_of("half"), at::kBFloat16);
  const auto tuned = make_task(kData + fmt::format("pretrained: '{}'", (folder.path() / "half").string()));
  tuned->write_model(folder.path() / "tuned", std::nullopt);
  EXPECT_EQ(type_of("tuned"), at::kBFloat16);
  tuned->write_model(folder.path() / "asked", at::kFloat);
  EXPECT_EQ(type_of("asked"), at::kFloat);
}

TEST(Export, KeepsEveryFileOfTheTokenizer) {
  const TemporaryFolder folder;
  const fs::path models = fs::path(__FILE__).parent_path().parent_path().parent_path() / "core/tokenizer/models";
  EXPECT_EQ(tokenizer_files(models / "begin.json").count("tokenizer.json"), 1U) << "under the usual name";
  EXPECT_EQ(tokenizer_files(models / "bpe.model").count("tokenizer.model"), 1U);
  for (const char* name : {"spiece.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                           "vocab.json", "merges.txt", "chat_template.jinja", "generation_config.json"})
    std::ofstream(folder.path() / name) << "{}";
  std::ofstream(folder.path() / "README.md") << "x";
  EXPECT_EQ(tokenizer_files(folder.path()).size(), 8U);
  EXPECT_EQ(chat_template_of(folder.path()), "{}");
}

TEST(Export, ConversationsAreDescribedByTheRunsOwnTemplate) {
  const TemporaryFolder folder;
  // A tokenizer of bytes with the tokens of the template.
  make_task(kNew)->write_model(folder.path() / "m", std::nullopt);
  nlohmann::json tokenizer = io::read_json_file(folder.path() / "m/tokenizer.json");
  for (const auto& [id, content] : {std::pair{257, "<|im_start|>"}, {258, "<|im_end|>"}}) {
    nlohmann::json token = tokenizer["added_tokens"][0];
    token["id"] = id;
    token["content"] = content;
    tokenizer["added_tokens"].push_back(token);
  }
  std::ofstream(folder.path() / "t.json") << tokenizer;
  std::ofstream(folder.path() / "chat.jsonl") << R"({"prompt": "a", "response": "b"})"
                                              << "\n"
                                              << R"({"prompt": "c", "response": "d"})";
  const auto task =
      make_task(fmt::format("data: {{type: chat, path: '{0}/chat.jsonl', system: \"It's me.\"}}, tokenizer: "
                            "'{0}/t.json', sequences: documents, "
                            "length: 128, evaluation: {{share: 0.5}}, cache: '{0}/cache', model: {{type: llama, width: "
                            "16, layers: 1, heads: 2, "
                            "feed_forward: 24}}",
                            folder.path().string()));
  EXPECT_EQ(task->chat_system(), "It's me.");
  EXPECT_EQ(task->writable().count, 259);
  EXPECT_THAT(task->writable().ends, ::testing::Contains(258));
  task->write_model(folder.path() / "out", std::nullopt);
  EXPECT_THAT(chat_template_of(folder.path() / "out"), HasSubstr("It\\'s me."));
  const PretrainedLanguageModel again = read_language_model(folder.path() / "out");
  EXPECT_THAT(writable_ids(*again.tokenizer).ends, ::testing::Contains(258)) << "from generation_config.json";
}

TEST(AdapterCheckpoint, HoldsTheAdaptersAndKnowsItsBase) {
  const TemporaryFolder folder;
  make_task(kNew, 1)->write_model(folder.path() / "base", std::nullopt);
  make_task(kNew, 2)->write_model(folder.path() / "other", std::nullopt);
  const auto adapted = [&](const char* base) {
    return make_task(kData + fmt::format("pretrained: '{}', adapter: {{rank: 2, targets: [query]}}",
                                         (folder.path() / base).string()),
                     5);
  };
  const auto task = adapted("base");
  {
    torch::NoGradGuard no_grad;
    for (const auto& [name, projection] : task->model().projections())
      if (projection->has_adapter()) projection->adapter_b.normal_();
  }
  checkpoint::Checkpoint saved;
  save_weights(*task, saved);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : saved.tensors.at("model")) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"layers.0.attention.query.adapter_a", "layers.0.attention.query.adapter_b"}));
  for (auto& [name, tensor] : saved.tensors.at("model")) tensor = tensor.detach().clone();

  const auto resumed = adapted("base");
  load_weights(*resumed, saved);
  EXPECT_TRUE(at::equal(logits_of(resumed->model()), logits_of(task->model())));
  const auto wrong = adapted("other");
  EXPECT_THAT(
      complaint([&] { load_weights(*wrong, saved); }),
      ::testing::AllOf(HasSubstr("/base'"), HasSubstr("/other' are others"), HasSubstr("put the original file back")));

  // Checkpoints of earlier versions hold everything.
  checkpoint::Checkpoint whole;
  whole.tensors["model"] = module_tensors(task->module());
  const auto old = adapted("other");
  load_weights(*old, whole);
  EXPECT_TRUE(at::equal(logits_of(old->model()), logits_of(task->model())));
}

}  // namespace
}  // namespace talweg::tasks
