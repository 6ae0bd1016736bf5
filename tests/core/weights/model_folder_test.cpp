#include "core/weights/model_folder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "complaint.h"
#include "core/error.h"
#include "core/io/output_file.h"
#include "core/temporary_folder.h"
#include "core/weights/name_table.h"

namespace talweg::weights {
namespace {

using testing::complaint;

namespace fs = std::filesystem;
using ::testing::HasSubstr;

ModelFolderContent example_content() {
  return {.config = {{"model_type", "test"}},
          .tensors = {{"b", at::arange(6, at::kFloat).view({2, 3})}, {"a", at::ones({4}, at::kBFloat16)}},
          .files = {{"tokenizer.json", "{}"}}};
}

void expect_same(const ModelFolder& read, const ModelFolderContent& written) {
  EXPECT_EQ(read.config(), written.config);
  EXPECT_EQ(read.tensors().size(), written.tensors.size());
  for (const auto& [name, tensor] : written.tensors) {
    EXPECT_EQ(read.tensors().at(name).scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(at::equal(read.tensors().at(name), tensor)) << name;
  }
}

TEST(ModelFolder, RoundTripsExactly) {
  const talweg::testing::TemporaryFolder folder;
  write_model_folder(folder.path() / "m", example_content());
  expect_same(ModelFolder(folder.path() / "m"), example_content());
  EXPECT_EQ(io::read_whole_file(folder.path() / "m/tokenizer.json"), "{}");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing is left aside";
}

TEST(ModelFolder, RoundTripsInShards) {
  const talweg::testing::TemporaryFolder folder;
  ModelFolderContent content = example_content();
  content.shard_bytes = 10;
  write_model_folder(folder.path() / "m", content);
  EXPECT_TRUE(fs::exists(folder.path() / "m/model-00001-of-00002.safetensors"));
  expect_same(ModelFolder(folder.path() / "m"), content);
  // Replacing shards by a single file leaves none of them behind.
  write_model_folder(folder.path() / "m", example_content());
  EXPECT_FALSE(fs::exists(folder.path() / "m/model-00001-of-00002.safetensors"));
  expect_same(ModelFolder(folder.path() / "m"), example_content());
}

TEST(ModelFolder, RefusesToReplaceWhatIsNoModel) {
  const talweg::testing::TemporaryFolder folder;
  fs::create_directories(folder.path() / "home");
  std::ofstream(folder.path() / "home/letter.txt") << "dear";
  EXPECT_THROW(write_model_folder(folder.path() / "home", example_content()), ConfigError);
  write_model_folder(folder.path() / "m", example_content());
  std::ofstream(folder.path() / "m/notes.txt") << "mine";
  EXPECT_THAT(complaint([&] { write_model_folder(folder.path() / "m", example_content()); }), HasSubstr("notes.txt"));
  EXPECT_EQ(io::read_whole_file(folder.path() / "m/notes.txt"), "mine");
}

TEST(ModelFolder, AFailedWriteLeavesTheEarlierOneWhole) {
  const talweg::testing::TemporaryFolder folder;
  write_model_folder(folder.path() / "m", example_content());
  ModelFolderContent larger = example_content();
  larger.config["model_type"] = "larger";
  larger.tensors.emplace_back("c", at::zeros({1 << 16}));
  // A limit on the size of files stands for a full disk.
  rlimit earlier{};
  ::getrlimit(RLIMIT_FSIZE, &earlier);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 16, earlier.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = complaint([&] { write_model_folder(folder.path() / "m", larger); });
  ::setrlimit(RLIMIT_FSIZE, &earlier);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("cannot write"));
  expect_same(ModelFolder(folder.path() / "m"), example_content());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing is left aside";
}

TEST(ModelFolder, HostileFoldersAreRefused) {
  const talweg::testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "m";
  const auto read = [&] { return complaint([&] { ModelFolder model(path); }); };
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(path / name) << text; };
  EXPECT_THAT(read(), HasSubstr("there is no"));
  std::ofstream(path) << "text";
  EXPECT_THAT(read(), HasSubstr("is a file"));
  fs::remove(path);
  fs::create_directories(path);
  EXPECT_THAT(read(), HasSubstr("config.json"));
  write("config.json", "[1]");
  EXPECT_THAT(read(), HasSubstr("not a JSON object"));
  write("config.json", "{\"a\": ");
  EXPECT_THAT(read(), HasSubstr("not valid JSON"));
  write("config.json", "{}");
  EXPECT_THAT(read(), HasSubstr("neither"));
  write("pytorch_model.bin", "");
  EXPECT_THAT(read(), HasSubstr("pickle"));
  write("model.safetensors.index.json", R"({"weight_map": {"a": "../secret.safetensors"}})");
  EXPECT_THAT(read(), HasSubstr("not the name of a file in the folder"));
  write("model.safetensors.index.json", R"({"weight_map": {"a": 3}})");
  EXPECT_THAT(read(), HasSubstr("not the name of a file in the folder"));
  write("model.safetensors.index.json", R"({"weight_map": {"a": "gone.safetensors"}})");
  EXPECT_THAT(read(), HasSubstr("gone.safetensors"));
  checkpoint::write_safetensors(path / "s.safetensors", {{"a", at::ones({1})}, {"b", at::ones({1})}});
  write("model.safetensors.index.json", R"({"weight_map": {"a": "s.safetensors"}})");
  EXPECT_THAT(read(), HasSubstr("holds tensor 'b'"));
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "s.safetensors", "b": "s.safetensors", "c": "s.safetensors"}})");
  EXPECT_THAT(read(), HasSubstr("gives 3 tensors"));
  write("model.safetensors.index.json", R"({"weight_map": {"a": "s.safetensors", "b": "s.safetensors"}})");
  EXPECT_EQ(read(), "");
}

NameTable table() {
  return NameTable({{"layers.{}.w", "h.{}.weight", [](const at::Tensor& t) { return t.t(); },
                     [](const at::Tensor& t) { return t.t(); }},
                    {"top", "norm"}},
                   {"h.{}.buffer"});
}

TEST(NameTable, MapsNamesAndLayoutsBothWays) {
  const at::Tensor w = at::zeros({3, 2}), top = at::zeros({2}), stored = at::arange(6, at::kFloat).view({2, 3});
  const NamedTensors file = {{"h.0.weight", stored}, {"norm", at::ones({2}, at::kDouble)}, {"h.0.buffer", top}};
  const TensorSource source{"file", {"h.0.weight", "norm", "h.0.buffer"}, [&](const std::string& name) {
                              for (const auto& [key, tensor] : file)
                                if (key == name) return tensor;
                              return at::Tensor();
                            }};
  const LoadReport report = load_tensors(source, table(), {{"layers.0.w", w}, {"top", top}});
  EXPECT_NO_THROW(require_complete(report, "file"));
  EXPECT_TRUE(at::equal(w, stored.t()));
  EXPECT_TRUE(at::equal(top, at::ones({2})));
  const NamedTensors back = to_file_layout(table(), {{"layers.0.w", w}, {"top", top}});
  EXPECT_EQ(back[0].first, "h.0.weight");
  EXPECT_TRUE(at::equal(back[0].second, stored));
  EXPECT_THROW(to_file_layout(table(), {{"layers.x.w", w}}), c10::ValueError);
}

TEST(NameTable, ListsWhatDoesNotFitByName) {
  const TensorSource source{"model.gguf", {"h.0.weight", "h.1.weight", "extra"}, [](const std::string&) {
                              return at::zeros({5, 5});
                            }};
  const LoadReport report = load_tensors(
      source, table(), {{"layers.0.w", at::zeros({3, 2})}, {"layers.1.w", at::zeros({5, 5})}, {"top", at::zeros({2})}});
  const std::string message = complaint([&] { require_complete(report, "model.gguf"); });
  EXPECT_THAT(message, HasSubstr("model.gguf"));
  EXPECT_THAT(message, HasSubstr("missing: top"));
  EXPECT_THAT(message, HasSubstr("unexpected: extra"));
  EXPECT_THAT(message, HasSubstr("h.0.weight: the file has [5, 5], the model needs [3, 2]"));
  const std::vector<std::string> head = {"top"};
  EXPECT_THAT(complaint([&] { require_complete({{"top"}, {}, {}}, "x", head); }), "");
}

}  // namespace
}  // namespace talweg::weights
