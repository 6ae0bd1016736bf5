#include "core/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"

namespace talweg::checkpoint {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class CheckpointTest : public ::testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    const fs::path path = folder_.path() / "x.safetensors";
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  /// A file with this header text and data.
  static std::string file(const std::string& header, const std::string& data) {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
  }
  std::string complaint(const std::string& bytes) {
    const std::string path = write(bytes);
    try {
      read_safetensors(path);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  static Checkpoint example(std::int64_t step) {
    Checkpoint checkpoint;
    checkpoint.step = step;
    checkpoint.tensors["model"] = {{"weight", at::arange(6, at::kDouble).view({2, 3}) + static_cast<double>(step)}};
    checkpoint.values["counters"] = {{"examples", step * 10}};
    return checkpoint;
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(CheckpointTest, SafetensorsKeepsEveryBitAndType) {
  NamedTensors tensors;
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar,
                          at::kByte, at::kBool})
    tensors.emplace_back(std::string("t") + std::to_string(static_cast<int>(type)), at::randint(0, 2, {3, 5}).to(type));
  tensors.emplace_back("transposed", at::randn({4, 3}).t());
  tensors.emplace_back("scalar", at::scalar_tensor(2.5));
  tensors.emplace_back("empty", at::empty({0, 4}));
  const fs::path path = folder_.path() / "all.safetensors";
  write_safetensors(path, tensors, {{"format", "pt"}});
  const SafetensorsFile read = read_safetensors(path);
  EXPECT_EQ(read.metadata.at("format"), "pt");
  ASSERT_EQ(read.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const auto found =
        std::find_if(read.tensors.begin(), read.tensors.end(), [&, n = name](const auto& t) { return t.first == n; });
    ASSERT_NE(found, read.tensors.end()) << name;
    EXPECT_EQ(found->second.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(found->second, tensor)) << name;
  }
}

TEST_F(CheckpointTest, SafetensorsRefusesHostileHeaders) {
  const std::string four(4, 'x');
  EXPECT_EQ(complaint(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four)), "accepted");
  EXPECT_THAT(complaint(""), HasSubstr("0 bytes"));
  EXPECT_THAT(complaint(std::string(8, '\xFF')), HasSubstr("the header claims"));
  EXPECT_THAT(complaint(file("[]", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint(file("{", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four)),
              HasSubstr("its shape needs 8 bytes"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", four)),
              HasSubstr("do not lie in"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four)),
              HasSubstr("do not lie in"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}})", four)),
              HasSubstr("unknown dtype"));
  EXPECT_THAT(
      complaint(file(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}})",
                     four)),
      HasSubstr("overflows"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four)),
              HasSubstr("out of range"));
  EXPECT_THAT(
      complaint(file(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
          four)),
      HasSubstr("overlap"));
  EXPECT_THAT(complaint(file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four + "more")),
              HasSubstr("the file holds 8"));
  EXPECT_THAT(complaint(file(R"({"a":5})", "")), HasSubstr("needs dtype"));
  EXPECT_THAT(complaint(file(std::string(100'000, '['), "")), HasSubstr("not a JSON object"));
}

TEST_F(CheckpointTest, SafetensorsRefusesEveryTruncation) {
  const std::string good = file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "abcd");
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(complaint(good.substr(0, length)), "accepted") << length;
}

TEST_F(CheckpointTest, NewestWholeCheckpointIsLoaded) {
  const CheckpointFolder series(folder_.path() / "checkpoints", "step");
  for (const std::int64_t step : {10, 20, 30}) series.save(example(step), 3);
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& text) { warnings.push_back(text); };
  EXPECT_EQ(series.load_newest(warn)->step, 30);
  EXPECT_TRUE(
      at::equal(series.load_newest(warn)->tensors.at("model")[0].second, example(30).tensors.at("model")[0].second));

  fs::resize_file(series.list()[2] / "model.safetensors", 40);
  EXPECT_EQ(series.load_newest(warn)->step, 20);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("step-00000030"), HasSubstr("40 bytes")));

  // One flipped bit in the data.
  std::fstream file(series.list()[1] / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x7F');
  file.close();
  EXPECT_EQ(series.load_newest(warn)->step, 10);
  EXPECT_THAT(warnings.back(), HasSubstr("checksum"));

  std::ofstream(series.list()[0] / "state.json") << "{}";
  EXPECT_FALSE(series.load_newest(warn));
}

TEST_F(CheckpointTest, OldOnesAreRemovedAndLeftoversIgnored) {
  const CheckpointFolder series(folder_.path() / "checkpoints", "step");
  fs::create_directories(folder_.path() / "checkpoints/.writing-step-00000099");
  fs::create_directories(folder_.path() / "checkpoints/step-x");
  for (std::int64_t step = 1; step <= 5; ++step) series.save(example(step), 2);
  ASSERT_EQ(series.list().size(), 2u);
  EXPECT_EQ(series.list()[1].filename(), "step-00000005");
  EXPECT_EQ(series.load_newest([](const std::string&) {})->step, 5);
}

TEST_F(CheckpointTest, AFullDiskLeavesTheEarlierCheckpointWhole) {
  if (::geteuid() != 0 ||
      std::system(("mount -t tmpfs -o size=64k tmpfs " + folder_.path().string() + " 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "needs the right to mount a small file system";
  const CheckpointFolder series(folder_.path() / "checkpoints", "step");
  series.save(example(1), 2);
  Checkpoint large = example(2);
  large.tensors["model"][0].second = at::zeros({100'000});
  std::string message;
  try {
    series.save(large, 2);
  } catch (const SystemError& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr("No space left"));
  EXPECT_EQ(series.list().size(), 1u);
  EXPECT_EQ(series.load_newest([](const std::string&) {})->step, 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path() / "checkpoints"), {}), 1)
      << "nothing half-written stays";
  EXPECT_EQ(std::system(("umount " + folder_.path().string()).c_str()), 0);
}

}  // namespace
}  // namespace talweg::checkpoint
