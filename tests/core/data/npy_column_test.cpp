#include "core/data/npy_column.h"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "complaint.h"
#include "core/error.h"
#include "core/temporary_folder.h"

namespace talweg::data {
namespace {

/// A file of version 1 with this dictionary and these bytes behind it.
std::filesystem::path npy(const talweg::testing::TemporaryFolder& folder, std::string header,
                          const std::string& bytes) {
  header += '\n';
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  const std::filesystem::path path = folder.path() / "a.npy";
  std::ofstream(path, std::ios::binary) << text << header << bytes;
  return path;
}

template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// All numbers of a column of `type`.
template <class To, class From>
std::vector<To> read(const std::string& type, const std::vector<From>& numbers) {
  const talweg::testing::TemporaryFolder folder;
  const NpyColumn column(npy(
      folder, "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + std::to_string(numbers.size()) + ",), }",
      bytes_of(numbers)));
  std::vector<To> found(static_cast<std::size_t>(column.size()));
  column.read(0, std::span<To>(found));
  return found;
}

TEST(NpyColumn, ReadsWholeAndFloatingPointNumbersOfEveryWidth) {
  EXPECT_EQ((read<std::int32_t, std::uint8_t>("|u1", {0, 7, 255})), (std::vector<std::int32_t>{0, 7, 255}));
  EXPECT_EQ((read<std::int32_t, std::int16_t>("<i2", {0, 300})), (std::vector<std::int32_t>{0, 300}));
  EXPECT_EQ((read<std::int32_t, std::uint32_t>("<u4", {5, 2147483647})), (std::vector<std::int32_t>{5, 2147483647}));
  EXPECT_EQ((read<std::int32_t, std::int64_t>("<i8", {5, 6})), (std::vector<std::int32_t>{5, 6}));
  EXPECT_EQ((read<double, float>("<f4", {0.5F, 0.25F})), (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ((read<double, double>("<f8", {0.1})), (std::vector<double>{0.1}));
  EXPECT_EQ((read<double, std::uint8_t>("|b1", {1, 0})), (std::vector<double>{1, 0}));
}

TEST(NpyColumn, ReadsPartsOfLongFiles) {
  std::vector<std::int32_t> numbers(30000), part(20000);
  for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<std::int32_t>(k);
  const talweg::testing::TemporaryFolder folder;
  const NpyColumn column(
      npy(folder, "{'descr': '<i4', 'fortran_order': False, 'shape': (30000,), }", bytes_of(numbers)));
  column.read(5000, std::span<std::int32_t>(part));
  EXPECT_TRUE(std::equal(part.begin(), part.end(), numbers.begin() + 5000));
}

TEST(NpyColumn, RefusesWhatItCannotReadByName) {
  const talweg::testing::TemporaryFolder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", "little-endian"},
      {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "<c8"},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1), }", "one dimension"},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (), }", "one dimension"},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (9,), }", "cut off"},
      {"{'descr': '<i4'}", "lacks"}};
  for (const auto& one : cases) {
    const std::filesystem::path path = npy(folder, one.first, "abcd");
    EXPECT_NE(talweg::testing::complaint([&] { NpyColumn column(path); }).find(one.second), std::string::npos)
        << one.first;
  }
  std::ofstream(folder.path() / "text.npy") << "user,winner,loser\n";
  EXPECT_NE(talweg::testing::complaint([&] { NpyColumn column(folder.path() / "text.npy"); }).find("no NumPy file"),
            std::string::npos);
  EXPECT_NE(talweg::testing::complaint([&] { NpyColumn column(folder.path() / "none.npy"); }).find("none.npy"),
            std::string::npos);
  EXPECT_NE(talweg::testing::complaint([&] {
              read<std::int32_t, float>("<f4", {1, 2.5F});
            }).find("number 1 is 2.5"),
            std::string::npos);
  EXPECT_NE(talweg::testing::complaint([&] { read<std::int32_t, std::int8_t>("|i1", {-3}); }).find("number 0 is -3"),
            std::string::npos);
}

}  // namespace
}  // namespace talweg::data
