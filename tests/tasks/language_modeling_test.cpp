// Language modeling: corpora of every kind, the loss and its division, evaluation, samples, generation, adapters.
#include "tasks/language_modeling/language_modeling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"
#include "core/temporary_folder.h"
#include "core/tokenizer/chat_template.h"
#include "models/language/fused.h"
#include "tasks/language_modeling/tokenised_text.h"
#include "tasks/language_modeling/word_chain.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

constexpr const char* kTiny = "model: {type: llama, width: 16, layers: 1, heads: 2, feed_forward: 24}";

std::unique_ptr<LanguageModeling> make_language_modeling(const std::string& options, at::ScalarType type = at::kFloat) {
  register_components();
  const auto parsed =
      config::parse<LanguageModelingOptions>(config::parse_yaml(fmt::format("{{{}}}", options), "test"));
  at::manual_seed(1);
  return std::make_unique<LanguageModeling>(parsed, TaskContext{at::kCPU, type, RandomStreams(0)});
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The corpus as text, documents ended by "|".
std::string corpus_of(const std::string& data, const std::filesystem::path& cache) {
  register_components();
  config::Component<LanguageDataKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(data, "test"), diagnostics, "data");
  diagnostics.throw_if_any();
  const NamedTokenizer bytes = read_named_tokenizer("bytes");
  const auto file = component.create({*bytes.tokenizer, bytes.key, false, cache}).tokens;
  std::string text;
  for (std::int64_t d = 0; d < file->documents(); ++d) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(file->document_end(d) - file->document_begin(d)));
    file->read(file->document_begin(d), static_cast<std::int64_t>(ids.size()), ids.data());
    text += std::string(ids.begin(), ids.end()) + "|";
  }
  return text;
}

TEST(LanguageData, TextIsDividedAsAsked) {
  const talweg::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.txt").string();
  write(path, "Ge1:1 In the\r\nGe1:2 And\n\nEx1 Now");
  const auto read = [&](const std::string& options) {
    return corpus_of(fmt::format("{{type: text, path: '{}'{}}}", path, options), folder.path() / "cache");
  };
  EXPECT_EQ(read(""), "Ge1:1 In the\r\nGe1:2 And\n\nEx1 Now|");
  EXPECT_EQ(read(", skip_words: 1"), "In the\nAnd\n\nNow|");
  EXPECT_EQ(read(", document: line"), "Ge1:1 In the|Ge1:2 And|Ex1 Now|");
  EXPECT_EQ(read(", document: paragraph, skip_words: 1"), "In the\nAnd|Now|");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path() / "cache"), {}), 4);
}

TEST(LanguageData, AByteOrderMarkIsNoText) {
  const talweg::testing::TemporaryFolder folder;
  const auto read = [&](const std::string& type, const std::string& bytes) {
    const std::string path = (folder.path() / "a").string();
    write(path, "\xEF\xBB\xBF" + bytes);
    return corpus_of(fmt::format("{{type: {}, path: '{}'}}", type, path), folder.path() / "cache");
  };
  EXPECT_EQ(read("text", "In the"), "In the|");
  EXPECT_EQ(read("jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n"), "one|two|");
}

TEST(LanguageData, JsonLinesAndTheirMistakes) {
  const talweg::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.jsonl").string();
  const auto read = [&](const std::string& options) {
    return corpus_of(fmt::format("{{type: jsonl, path: '{}'{}}}", path, options), folder.path() / "cache");
  };
  write(path, "{\"text\": \"one\", \"body\": \"x\"}\n\n{\"text\": \"tw\\u00f6\", \"body\": \"y\"}\n");
  EXPECT_EQ(read(""), "one|tw\xc3\xb6|");
  EXPECT_EQ(read(", field: body"), "x|y|");
  const auto message = [&](const std::string& text) {
    write(path, text);
    try {
      read("");
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message("{\"text\": \"a\"}\n{\"txt\": 1}").find(":2: there is no 'text'"), std::string::npos);
  EXPECT_NE(message("{\"text\": 3}").find(":1: 'text' is not text"), std::string::npos);
  EXPECT_NE(message("{\"text\": \"a\"").find(":1: not a JSON object"), std::string::npos);
  EXPECT_NE(message("\n").find("has no text"), std::string::npos);
}

TEST(LanguageData, TokenisedOnceAndAgainWhenAnythingChanges) {
  const talweg::testing::TemporaryFolder folder;
  const NamedTokenizer bytes = read_named_tokenizer("bytes");
  int walks = 0;
  Text text{"name", "content", 3, false, [&](DocumentSink& sink, const auto&) {
              ++walks;
              sink.piece("abc");
            }};
  const Tokenisation how{*bytes.tokenizer, "bytes", true, folder.path()};
  EXPECT_EQ(tokenised(text, how)->tokens(), 4) << "with the end of text";
  EXPECT_EQ(tokenised(text, how)->tokens(), 4);
  EXPECT_EQ(walks, 1);
  EXPECT_EQ(tokenised(text, {*bytes.tokenizer, "bytes", false, folder.path()})->tokens(), 3);
  tokenised(text, {*bytes.tokenizer, "other", true, folder.path()});
  text.content_key = "changed";
  tokenised(text, how);
  EXPECT_EQ(walks, 4);
  // A damaged file is made again.
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) - 1);
  EXPECT_EQ(tokenised(text, how)->tokens(), 4);
  EXPECT_EQ(walks, 5);
}

TEST(ChatTemplate, IsChatMlWithTheAnswersMarked) {
  const auto pieces =
      tokenizer::format_chat({{"user", "Hi"}, {"assistant", "Yes"}, {"user", "So"}, {"assistant", "No"}}, "Sys", false);
  std::string text, trained;
  for (const tokenizer::ChatPiece& piece : pieces) {
    text += piece.text;
    if (piece.trained) trained += piece.text;
  }
  EXPECT_EQ(text,
            "<|im_start|>system\nSys<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n"
            "<|im_start|>user\nSo<|im_end|>\n<|im_start|>assistant\nNo<|im_end|>\n");
  EXPECT_EQ(trained, "Yes<|im_end|>No<|im_end|>");
  const auto asked = tokenizer::format_chat({{"system", "Own"}, {"user", "Hi"}}, "Sys", true);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].text,
            "<|im_start|>system\nOwn<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(LanguageModeling, LossIsTheMeanOverTokensHoweverTheBatchIsDivided) {
  const talweg::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.txt").string();
  write(path, "a\nlonger line\nbb\nthe longest line of all\nof these\nx\nend\nyes\n");
  for (const std::string checkpointing : {"false", "true"}) {
    const auto task = make_language_modeling(
        fmt::format("length: 20, sequences: documents, cache: '{}', activation_checkpointing: {}, "
                    "data: {{type: text, path: '{}', document: line}}, {}",
                    (folder.path() / "cache").string(), checkpointing, path, kTiny),
        at::kDouble);
    const std::vector<std::int64_t> indices{0, 1, 2, 3, 4, 5};
    const data::Batch batch = task->training_data().batch(indices, 0);
    const auto evaluate = [&](std::int64_t micro_batch) {
      TaskObjective objective(*task, {Precision::float64, micro_batch, {}, false}, RandomStreams(0), at::kCPU);
      objective.begin_step(0, batch);
      std::vector<at::Tensor> all{objective.gradient().value, objective.value()};
      for (const at::Tensor& parameter : objective.parameters()) all.push_back(parameter.grad().clone());
      return all;
    };
    const auto whole = evaluate(0);
    // By hand: every sequence for itself, each token counting the same.
    double total = 0, tokens = 0;
    for (const std::int64_t index : indices) {
      const data::Batch one = task->training_data().batch({&index, 1}, 0);
      total += task->loss(one).item<double>() * task->weight(one);
      tokens += task->weight(one);
    }
    EXPECT_NEAR(whole[0].item<double>(), total / tokens, 1e-13);
    for (const std::int64_t micro_batch : {1, 2, 4}) {
      const auto parts = evaluate(micro_batch);
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_LE((parts[i] - whole[i]).abs().max().item<double>(), 1e-13) << micro_batch;
    }
  }
}

TEST(LanguageModeling, LossIsComparedWithTheEntropyOfAKnownLanguage) {
  const auto metrics_of = [](const std::string& options) {
    const auto task = make_language_modeling(options + kTiny, at::kDouble);
    torch::NoGradGuard no_grad;
    std::map<std::string, double> metrics;
    for (const auto& [name, value] : task->evaluate()) metrics[name] = value;
    return metrics;
  };
  const auto known =
      metrics_of("length: 7, data: {type: word_chain, words: 20, attachment: 0.4, seed: 3, length: 200}, ");
  const WordChain chain{20, 1, 0.4, 3};
  EXPECT_NEAR(known.at("loss_over_entropy"), known.at("loss") / chain.entropy_per_byte(), 1e-12);

  const talweg::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.txt").string();
  write(path, chain.text(50));
  const auto unknown = metrics_of(fmt::format("length: 7, cache: '{}', data: {{type: text, path: '{}'}}, ",
                                              (folder.path() / "cache").string(), path));
  EXPECT_FALSE(unknown.contains("loss_over_entropy"));
}

TEST(LanguageModeling, EvaluationCountsEveryTokenOnceAndGaloreOneBatchTooMany) {
  const std::string options = std::string(
                                  "length: 7, data: {type: word_chain, length: 200}, evaluation: {share: 0.3, "
                                  "batch_size: 4, galore_compat_eval: true}, ") +
                              kTiny;
  const auto task = make_language_modeling(options, at::kDouble);
  torch::NoGradGuard no_grad;
  std::map<std::string, double> metrics;
  for (const auto& [name, value] : task->evaluate()) metrics[name] = value;
  // The same text as one sequence after the other, window by window.
  const NamedTokenizer bytes = read_named_tokenizer("bytes");
  const tokenizer::Ids ids = bytes.tokenizer->encode(WordChain{}.text(200));
  const auto held_out = static_cast<std::int64_t>(std::llround(0.3 * static_cast<double>(ids.size())));
  const auto begin = static_cast<std::int64_t>(ids.size()) - held_out;
  std::vector<double> sums, counts;
  std::int64_t window = 0;
  for (std::int64_t at = begin; at + 1 < static_cast<std::int64_t>(ids.size()); at += 7, ++window) {
    const std::int64_t length = std::min<std::int64_t>(7, static_cast<std::int64_t>(ids.size()) - 1 - at);
    const at::Tensor all = at::tensor(std::vector<std::int64_t>(ids.begin() + at, ids.begin() + at + length + 1));
    const at::Tensor logits =
        task->model().logits(task->model().hidden(all.narrow(0, 0, length).unsqueeze(0))).squeeze(0);
    const double sum = at::cross_entropy_loss(logits, all.narrow(0, 1, length), {}, at::Reduction::Sum).item<double>();
    if (window % 4 == 0) {
      sums.push_back(0);
      counts.push_back(0);
    }
    sums.back() += sum;
    counts.back() += static_cast<double>(length);
  }
  double total = 0, tokens = 0, means = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    total += sums[i];
    tokens += counts[i];
    means += sums[i] / counts[i];
  }
  EXPECT_EQ(tokens, static_cast<double>(held_out - 1));
  EXPECT_NEAR(metrics["loss"], total / tokens, 1e-12);
  EXPECT_NEAR(metrics["perplexity"], std::exp(total / tokens), 1e-9);
  EXPECT_NEAR(metrics["bits_per_byte"], total / tokens / std::log(2), 1e-12);
  EXPECT_NEAR(metrics["galore_loss"], means / static_cast<double>(sums.size() + 1), 1e-12);
}

TEST(LanguageModeling, Bfloat16AndLongSequencesStayNearTheFloat32Loss) {
  const auto task =
      make_language_modeling(std::string("length: 700, data: {type: word_chain, length: 2000}, ") + kTiny);
  const std::vector<std::int64_t> indices{0, 1};
  const data::Batch batch = task->training_data().batch(indices, 0);
  const auto loss = [&](Precision precision) {
    TaskObjective objective(*task, {precision, 0, {}, false}, RandomStreams(0), at::kCPU);
    objective.begin_step(0, batch);
    return objective.gradient().value.item<double>();
  };
  const double full = loss(Precision::float32), half = loss(Precision::bfloat16);
  EXPECT_NE(full, half);
  EXPECT_NEAR(half, full, 2e-3) << "bfloat16 has eight bits";
}

TEST(LanguageModeling, AdaptersAloneAreTrained) {
  const auto task = make_language_modeling(
      std::string("data: {type: word_chain, length: 200}, length: 16, adapter: {rank: 2, targets: "
                  "[query, down]}, ") +
      kTiny);
  std::vector<std::string> trained;
  for (const auto& item : task->module().named_parameters())
    if (item.value().requires_grad()) trained.push_back(item.key());
  EXPECT_EQ(trained,
            (std::vector<std::string>{"layers.0.attention.query.adapter_a", "layers.0.attention.query.adapter_b",
                                      "layers.0.feed_forward.down.adapter_a", "layers.0.feed_forward.down.adapter_b"}));
  try {
    make_language_modeling(
        std::string("data: {type: word_chain, length: 200}, length: 16, adapter: {targets: [q_proj]}, ") + kTiny);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("there is no matrix 'q_proj' (known: down, gate"), std::string::npos);
  }
}

TEST(LanguageModeling, MistakesAreExplained) {
  const auto message = [](const std::string& options) {
    try {
      make_language_modeling(options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_NE(message("pretrained: x, model: llama").find("'model' is part of what 'pretrained' names"),
            std::string::npos);
  EXPECT_NE(message("pretrained: /nowhere").find("/nowhere"), std::string::npos);
  EXPECT_NE(message("data: {type: text, path: /nowhere}").find("/nowhere"), std::string::npos);
  EXPECT_NE(message("data: {type: chat, path: x}").find("<|im_start|>"), std::string::npos);
  EXPECT_NE(message("length: 1").find("at least 2"), std::string::npos);
}

TEST(TextGeneration, GreedyIsTheMostLikelyTokenEachTime) {
  const auto task = make_language_modeling(std::string("data: {type: word_chain, length: 200}, length: 16, ") + kTiny);
  torch::NoGradGuard no_grad;
  task->model().eval();
  const tokenizer::Ids prompt{104, 105, 32};
  std::vector<std::int64_t> all(prompt.begin(), prompt.end());
  tokenizer::Ids streamed;
  const tokenizer::Ids written =
      continue_ids(task->model(), prompt, {257}, {10, 0, 1}, RandomGenerator(0), [&](std::int32_t id) {
        streamed.push_back(id);
        return true;
      });
  ASSERT_EQ(written.size(), 10U);
  EXPECT_EQ(written, streamed);
  for (const std::int32_t id : written) {
    const at::Tensor states = task->model().hidden(at::tensor(all).unsqueeze(0));
    EXPECT_EQ(task->model().logits(states)[0][-1].argmax().item<std::int64_t>(), id);
    all.push_back(id);
  }
  // The token that ends a text is not part of it.
  const std::int32_t end = written[4];
  const auto first = std::find(written.begin(), written.end(), end) - written.begin();
  EXPECT_EQ(static_cast<std::int64_t>(continue_ids(task->model(), prompt, {257, {end}}, {10, 0, 1}, RandomGenerator(0),
                                                   [](std::int32_t) { return true; })
                                          .size()),
            first);
  EXPECT_THROW(continue_ids(task->model(), {}, {257}, {}, RandomGenerator(0), [](std::int32_t) { return true; }),
               ConfigError);
}

TEST(TextGeneration, TopPDrawsFromTheNucleusByItsProbabilities) {
  const at::Tensor logits = at::tensor({0.1, 0.5, 0.15, 0.25}).log();
  RandomGenerator random(4);
  std::vector<double> count(4, 0);
  for (int i = 0; i < 20000; ++i) ++count[static_cast<std::size_t>(choose_token(logits, {1, 1, 0.7}, random))];
  // 0.5 + 0.25 reach 0.7: two tokens, at two thirds and one third.
  EXPECT_EQ(count[0] + count[2], 0);
  EXPECT_NEAR(count[1] / 20000, 2.0 / 3, 0.014) << "four standard deviations";
  count.assign(4, 0);
  for (int i = 0; i < 20000; ++i) ++count[static_cast<std::size_t>(choose_token(logits, {1, 2, 1}, random))];
  const double root = std::sqrt(0.1) + std::sqrt(0.5) + std::sqrt(0.15) + std::sqrt(0.25);
  EXPECT_NEAR(count[1] / 20000, std::sqrt(0.5) / root, 0.014) << "temperature 2 takes the root of probabilities";
}

TEST(LanguageData, DocumentsGetWhatTheTokenizerPutsAroundTexts) {
  const talweg::testing::TemporaryFolder folder;
  const std::filesystem::path tokenizers =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "core/tokenizer";
  const auto ids_of = [&](const std::string& tokenizer, bool end_of_document, bool framed) {
    const NamedTokenizer named = read_named_tokenizer((tokenizers / "models" / (tokenizer + ".json")).string());
    Text text{"name", "content", 3, false, [&](DocumentSink& sink, const auto&) {
                for (const char* document : {"x", "", "y"}) {
                  sink.piece(document);
                  sink.end_document();
                }
              }};
    const auto file = tokenised(text, {*named.tokenizer, named.key, end_of_document, folder.path(), framed});
    std::vector<std::int64_t> ids(static_cast<std::size_t>(file->tokens()));
    file->read(0, file->tokens(), ids.data());
    EXPECT_EQ(file->documents(), 2);
    return ids;
  };
  using Numbers = std::vector<std::int64_t>;
  const std::int64_t x = 89, y = 90;
  EXPECT_EQ(ids_of("begin", true, true), (Numbers{0, x, 0, y})) << "the tokenizer names no end of text";
  EXPECT_EQ(ids_of("begin_and_end", true, true), (Numbers{0, x, 1, 0, y, 1}));
  EXPECT_EQ(ids_of("begin_and_end", true, false), (Numbers{x, y}));
}

TEST(LanguageModeling, SequencesWithNothingToTrainOnAreSaidAndLeftOut) {
  const talweg::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.txt").string();
  write(path, "x\nlonger\ny\nlines\nhere\nand\nthere\n");
  const auto options = [&](const std::string& more) {
    return fmt::format(
        "length: 8, sequences: documents, end_of_document: false, cache: '{}', data: {{type: text, "
        "path: '{}', document: line}}, evaluation: {{share: 0.3}}, {}{}",
        (folder.path() / "cache").string(), path, more, kTiny);
  };
  const auto task = make_language_modeling(options(""));
  EXPECT_NE(task->announcement().find("2 of 5 sequences of the training data have no token"), std::string::npos);
  EXPECT_EQ(task->training_data().size(), 3);
  const std::vector<std::int64_t> all{0, 1, 2};
  EXPECT_EQ(task->weight(task->training_data().batch(all, 0)), 5 + 4 + 3);
  write(path, "x\ny\nz\nw\n");
  try {
    make_language_modeling(options(""));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("none of the 3 sequences of the training data"), std::string::npos);
  }
}

TEST(TextGeneration, IdsBeyondTheTokenizerAreNeverWritten) {
  const auto task = make_language_modeling(std::string("data: {type: word_chain, length: 200}, length: 16, ") + kTiny);
  torch::NoGradGuard no_grad;
  task->model().eval();
  const auto written = [&](const WritableIds& writable, const SamplingOptions& sampling) {
    return continue_ids(task->model(), {104}, writable, sampling, RandomGenerator(0),
                        [](std::int32_t) { return true; });
  };
  for (const SamplingOptions& sampling :
       {SamplingOptions{50, 0, 1}, SamplingOptions{50, 5, 1}, SamplingOptions{50, 5, 0.5}}) {
    const tokenizer::Ids all = written({257}, sampling);
    EXPECT_GE(*std::max_element(all.begin(), all.end()), 20);
    for (const std::int32_t id : written({20}, sampling)) EXPECT_LT(id, 20);
  }
}

TEST(TextGeneration, StreamsWhatTheWholeDecodesTo) {
  const std::filesystem::path models =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "core/tokenizer/models";
  const std::string text = "the quick brown fox  jumps over the lazy dog. caf\u00e9 \xf0\x9f\x99\x82 then home ";
  for (const char* name : {"bpe.model", "unigram.model", "begin.json"}) {
    const NamedTokenizer named = read_named_tokenizer((models / name).string());
    tokenizer::Ids ids;
    for (int i = 0; i < 12; ++i) named.tokenizer->append(text, ids);
    for (const std::size_t prompt : {0, 1, 7, 40}) {
      const tokenizer::Ids before(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(prompt));
      TextStream stream(*named.tokenizer, before);
      std::string streamed;
      for (std::size_t i = prompt; i < ids.size(); ++i) streamed += stream.add(ids[i]);
      streamed += stream.rest();
      EXPECT_EQ(named.tokenizer->decode(before) + streamed, named.tokenizer->decode(ids)) << name << prompt;
    }
  }
}

TEST(TextGeneration, StreamsWholeCharacters) {
  const NamedTokenizer bytes = read_named_tokenizer("bytes");
  TextStream stream(*bytes.tokenizer);
  std::vector<std::string> parts;
  for (const char c : std::string("a\xc3\xa9\xf0\x9f\x99\x82z\xe2\x82"))
    parts.push_back(stream.add(static_cast<std::uint8_t>(c)));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "\xc3\xa9", "", "", "", "\xf0\x9f\x99\x82", "z", "", ""}));
  EXPECT_EQ(stream.rest(), "\xef\xbf\xbd");
  EXPECT_EQ(stream.rest(), "");
}

}  // namespace
}  // namespace talweg::tasks
