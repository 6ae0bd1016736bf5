#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <fstream>

#include "core/data/bundled.h"
#include "core/data/cifar.h"
#include "core/data/csv.h"
#include "core/data/idx.h"
#include "core/data/libsvm.h"
#include "core/data/synthetic.h"
#include "core/error.h"
#include "core/files/read_file.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"

namespace talweg::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What `read` says when it throws a DataError.
template <class Read>
std::string complaint(Read&& read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(Bundled, DigitsAreTheKnownOnes) {
  const LabelledData data = digits();
  EXPECT_EQ(data.inputs.sizes(), (at::IntArrayRef{1797, 1, 8, 8}));
  EXPECT_EQ(data.classes(), 10);
  // Sum of all pixels (0 … 16) and the count of each class, computed with numpy from the same file.
  EXPECT_EQ((data.inputs * 16).sum(at::kDouble).item<double>(), 561718.0);
  EXPECT_TRUE(
      at::equal(at::bincount(data.targets), at::tensor({178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, at::kLong)));
}

TEST(Bundled, BreastCancerIsTheKnownSet) {
  const LabelledData data = breast_cancer();
  EXPECT_EQ(data.inputs.sizes(), (at::IntArrayRef{569, 30}));
  EXPECT_THAT(data.class_names, ElementsAre("malignant", "benign"));
  EXPECT_TRUE(at::equal(at::bincount(data.targets), at::tensor({212, 357}, at::kLong)));
  EXPECT_FLOAT_EQ(data.inputs[0][0].item<float>(), 17.99F);
  EXPECT_FLOAT_EQ(data.inputs[568][29].item<float>(), 0.07039F);
}

TEST(Csv, ReadsHeadersQuotesAndLabels) {
  CsvOptions options;
  options.label = "kind";
  const LabelledData data = parse_csv(
      "\xEF\xBB\xBF"
      "a,kind,b\r\n1,\"x, \"\"y\"\"\",2e1\r\n\r\n-3,z,+4\r\n",
      "t.csv", options);
  EXPECT_TRUE(at::equal(data.inputs, at::tensor({1.F, 20.F, -3.F, 4.F}).view({2, 2})));
  EXPECT_THAT(data.class_names, ElementsAre("x, \"y\"", "z"));
}

TEST(Csv, SortsNumericLabelsAsNumbers) {
  EXPECT_THAT(parse_csv("0,10\n0,9\n0,-1\n", "t.csv", {}).class_names, ElementsAre("-1", "9", "10"));
}

TEST(Csv, AnotherFileOfTheDataIsReadByTheNamesOfTheFirst) {
  const LabelledData first = parse_csv("a,beta,kind\n1,2,x\n3,4,y\n", "first.csv", {});
  CsvOptions options;
  options.like = first.layout;
  EXPECT_TRUE(at::equal(parse_csv("kind,beta,a\ny,4,3\n", "t.csv", options).inputs, first.inputs.narrow(0, 1, 1)));
  EXPECT_TRUE(at::equal(parse_csv("3,4,y\n", "t.csv", options).inputs, first.inputs.narrow(0, 1, 1))) << "no header";
  EXPECT_THAT(complaint([&] { parse_csv("a,betta,kind\n1,2,x\n", "t.csv", options); }),
              AllOf(HasSubstr("t.csv: has no column 'beta'"), HasSubstr("did you mean 'betta'?")));
  EXPECT_THAT(complaint([&] { parse_csv("a,beta,c,kind\n1,2,3,x\n", "t.csv", options); }), HasSubstr("column 'c'"));
  EXPECT_THAT(complaint([&] { parse_csv("1,2,3,x\n", "t.csv", options); }),
              HasSubstr("has 3 features, 2 were expected"));
  EXPECT_THAT(complaint([&] { parse_csv("a,beta,sort\n1,2,x\n", "t.csv", options); }), HasSubstr("no column 'kind'"));
}

TEST(Csv, NumbersTooSmallForFloat32AreZero) {
  const LabelledData data = parse_csv("3.2e-51,1\n-1e-400,2\n1e-40,3\n", "t.csv", {});
  EXPECT_TRUE(at::equal(data.inputs.flatten(), at::tensor({0.F, 0.F, 1e-40F})));
  EXPECT_THAT(complaint([] { parse_csv("3.2e51,1\n", "t.csv", {}); }), HasSubstr("'3.2e51' is not a finite number"));
}

TEST(LabelledData, TakesTheClassesOfOtherData) {
  const LabelledData some = with_classes(parse_csv("1,b\n2,d\n", "t.csv", {}), {"a", "b", "c", "d"}, "evaluation");
  EXPECT_TRUE(at::equal(some.targets, at::tensor({1, 3}, at::kLong)));
  EXPECT_THAT(
      complaint([] {
        with_classes(parse_csv("1,b\n2,e\n3,e\n", "t.csv", {}), {"a", "b"}, "evaluation");
      }),
      HasSubstr("2 of the evaluation examples have the class 'e', which is none of those that are learnt (a, b)"));
}

TEST(Csv, ExplainsWhatIsWrong) {
  const auto read = [](const std::string& text, const std::string& label = "last") {
    return complaint([&] {
      CsvOptions options;
      options.label = label;
      parse_csv(text, "t.csv", options);
    });
  };
  EXPECT_THAT(read(""), HasSubstr("holds no data"));
  EXPECT_THAT(read("a,b\n"), HasSubstr("header and no data"));
  EXPECT_THAT(read("1,2,0\n1,0\n"), AllOf(HasSubstr("t.csv:2:"), HasSubstr("2 fields, the lines before have 3")));
  EXPECT_THAT(read("1,2,0\n1,abc,0\n"), AllOf(HasSubstr("t.csv:2:"), HasSubstr("'abc' is not a finite number")));
  EXPECT_THAT(read("1,2,0\n1,nan,0\n"), HasSubstr("'nan' is not a finite number"));
  EXPECT_THAT(read("1,2,0\n1,,0\n"), HasSubstr("the value is missing"));
  EXPECT_THAT(read("1,2,\n"), HasSubstr("the label is missing"));
  EXPECT_THAT(read("1;2\n"), HasSubstr("is the delimiter ','?"));
  EXPECT_THAT(read("1,\"2\n3,4\n"), HasSubstr("never closed"));
  EXPECT_THAT(read("x,kind\n1,a\n", "kin"), HasSubstr("did you mean 'kind'?"));
  EXPECT_THAT(read("1,2\n", "7"), HasSubstr("no label column '7'"));
}

TEST(Libsvm, ReadsSparseLines) {
  const LabelledData data = parse_libsvm("+1 1:0.5 3:2 # note\n\n-1 2:-1\n1.0 3:1\n", "t.svm");
  EXPECT_TRUE(at::equal(data.inputs, at::tensor({0.5F, 0.F, 2.F, 0.F, -1.F, 0.F, 0.F, 0.F, 1.F}).view({3, 3})));
  EXPECT_THAT(data.class_names, ElementsAre("-1", "1"));
  EXPECT_TRUE(at::equal(data.targets, at::tensor({1, 0, 1}, at::kLong)));
  EXPECT_EQ(parse_libsvm("0 0:1 2:1\n1 1:1\n", "t.svm").inputs.size(1), 3) << "indices from 0";
  EXPECT_THAT(parse_libsvm("\xEF\xBB\xBF"
                           "1 1:1\n-1 1:2\n1 1:3\n",
                           "t.svm")
                  .class_names,
              ElementsAre("-1", "1"))
      << "behind a byte order mark";
}

TEST(Libsvm, IndicesOfEveryFileCountFromTheSame) {
  const LabelledData zero = parse_libsvm("0 0:5 1:6\n1 1:7\n", "train.svm");
  EXPECT_EQ(zero.layout.index_base, 0);
  LibsvmOptions options;
  options.features = zero.inputs.size(1);
  options.index_base = zero.layout.index_base;
  EXPECT_TRUE(at::equal(parse_libsvm("1 1:7\n", "t.svm", options).inputs, zero.inputs.narrow(0, 1, 1)));
  options.index_base = parse_libsvm("0 1:5 2:6\n", "train.svm").layout.index_base;
  EXPECT_EQ(options.index_base, 1);
  EXPECT_THAT(complaint([&] { parse_libsvm("0 1:1\n1 0:7\n", "t.svm", options); }),
              AllOf(HasSubstr("t.svm:2: index 0, where indices count from 1"), HasSubstr("'index_base: 0'")));
}

TEST(Libsvm, ExplainsWhatIsWrong) {
  const auto read = [](const std::string& text, std::int64_t features = 0) {
    return complaint([&] { parse_libsvm(text, "t.svm", {features, 1 << 20}); });
  };
  EXPECT_THAT(read(""), HasSubstr("holds no data"));
  EXPECT_THAT(read("1 2:1\n1 1:x\n"), AllOf(HasSubstr("t.svm:2:"), HasSubstr("not a finite number")));
  EXPECT_THAT(read("1 5\n"), HasSubstr("'5' is not 'index:value'"));
  EXPECT_THAT(read("1 2:1 1:1\n"), HasSubstr("index 1 follows index 2"));
  EXPECT_THAT(read("1:2 3:4\n"), HasSubstr("a label was expected"));
  EXPECT_THAT(read("1 9:1\n", 5), HasSubstr("uses feature 9 of 5"));
  EXPECT_THAT(read("1 9223372036854775807:1\n"), HasSubstr("exceed"));
}

std::string idx(unsigned char type, std::vector<std::uint32_t> sizes, const std::string& data) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xFF);
  return bytes + data;
}

TEST(Idx, ReadsEveryType) {
  EXPECT_TRUE(at::equal(parse_idx(idx(0x08, {2, 2}, std::string("\x01\x02\x03\xFF")), "t"),
                        at::tensor({1, 2, 3, 255}, at::kByte).view({2, 2})));
  EXPECT_EQ(parse_idx(idx(0x09, {1}, "\xFF"), "t").item<int>(), -1);
  EXPECT_EQ(parse_idx(idx(0x0B, {1}, std::string("\x01\x02", 2)), "t").item<int>(), 0x0102);
  EXPECT_EQ(parse_idx(idx(0x0C, {1}, std::string("\x00\x00\x01\x00", 4)), "t").item<int>(), 256);
  EXPECT_EQ(parse_idx(idx(0x0D, {1}, std::string("\x3F\xC0\x00\x00", 4)), "t").item<float>(), 1.5F);
  EXPECT_EQ(parse_idx(idx(0x0E, {1}, std::string("\xBF\xF8\x00\x00\x00\x00\x00\x00", 8)), "t").item<double>(), -1.5);
}

TEST(Idx, CombinesImagesAndLabels) {
  const at::Tensor images = parse_idx(idx(0x08, {2, 1, 2}, std::string("\x00\xFF\x33\x00", 4)), "images");
  const LabelledData data =
      combine_idx(images, parse_idx(idx(0x08, {2}, std::string("\x02\x00", 2)), "labels"), "images");
  EXPECT_EQ(data.inputs.sizes(), (at::IntArrayRef{2, 1, 1, 2}));
  EXPECT_FLOAT_EQ(data.inputs[1][0][0][0].item<float>(), 0.2F);
  EXPECT_EQ(data.classes(), 3);
  EXPECT_THAT(complaint([&] { combine_idx(images, at::zeros({3}, at::kByte), "images"); }), HasSubstr("2 images"));
}

TEST(Idx, RefusesHeadersThatDoNotFitTheFile) {
  const auto read = [](const std::string& bytes) { return complaint([&] { parse_idx(bytes, "t.idx"); }); };
  const std::string good = idx(0x08, {2, 3}, "abcdef");
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(read(good.substr(0, length)), "accepted") << length;
  EXPECT_EQ(read(good), "accepted");
  EXPECT_THAT(read(good + "x"), HasSubstr("7 bytes of data, its header states 6"));
  EXPECT_THAT(read(idx(0x08, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "")), HasSubstr("more than the file's"));
  EXPECT_THAT(read(idx(0x0A, {1}, "a")), HasSubstr("0x0A"));
}

TEST(Cifar, ReadsRecords) {
  std::string record(3073, '\0');
  record[0] = 7;
  record[1] = '\xFF';          // red, first pixel
  record[1 + 1024 + 33] = 51;  // green, row 1, column 1
  const LabelledData data = parse_cifar(record + record, "t.bin", CifarLabels::ten);
  EXPECT_EQ(data.inputs.sizes(), (at::IntArrayRef{2, 3, 32, 32}));
  EXPECT_EQ(data.targets[1].item<int>(), 7);
  EXPECT_FLOAT_EQ(data.inputs[0][0][0][0].item<float>(), 1);
  EXPECT_FLOAT_EQ(data.inputs[0][1][1][1].item<float>(), 0.2F);
  EXPECT_THAT(complaint([&] { parse_cifar(record.substr(1), "t.bin", CifarLabels::ten); }),
              HasSubstr("no whole number of records"));
  record[0] = 10;
  EXPECT_THAT(complaint([&] { parse_cifar(record, "t.bin", CifarLabels::ten); }),
              HasSubstr("record 0 (byte 0) has label 10"));
}

TEST(ReadFile, UnpacksGzipAndExplainsDamage) {
  const talweg::testing::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder.path() / name, std::ios::binary) << bytes;
    return folder.path() / name;
  };
  const std::string text(100'000, 'x');
  const std::string packed = gzip(text);
  EXPECT_EQ(io::read_file(write("a.gz", packed)), text);
  EXPECT_EQ(io::read_file(write("two.gz", packed + packed)).size(), 200'000u);
  EXPECT_EQ(io::read_file(write("plain.txt", "hello")), "hello");
  const auto read = [&](const std::filesystem::path& path) { return complaint([&] { io::read_file(path, 150'000); }); };
  EXPECT_THAT(read(write("cut.gz", packed.substr(0, packed.size() / 2))), HasSubstr("ends too early"));
  EXPECT_THAT(read(write("tail.gz", packed + "rubbish")), HasSubstr("no gzip data"));
  EXPECT_THAT(read(folder.path() / "two.gz"), HasSubstr("more than 150000 bytes"));
  EXPECT_THAT(read(folder.path() / "plain.tx"), AllOf(HasSubstr("no such file"), HasSubstr("did you mean")));
  EXPECT_THAT(read(folder.path()), HasSubstr("not a regular file"));
}

TEST(StratifiedSplit, KeepsClassesAndIsReproducible) {
  const LabelledData data = digits();
  const auto [rest, share] = stratified_split(data, 0.2, RandomStreams(3));
  EXPECT_EQ(rest.size() + share.size(), 1797);
  const at::Tensor counts = at::bincount(share.targets);
  EXPECT_LE((counts - at::bincount(data.targets) * 0.2).abs().max().item<double>(), 0.5);
  EXPECT_TRUE(at::equal(stratified_split(data, 0.2, RandomStreams(3)).second.inputs, share.inputs));
  EXPECT_FALSE(at::equal(stratified_split(data, 0.2, RandomStreams(4)).second.inputs, share.inputs));
}

TEST(Standardizer, CentresAndScales) {
  const at::Tensor x = at::tensor({1.F, 5.F, 3.F, 5.F}).view({2, 2});
  const Standardizer s = Standardizer::fit(x);
  EXPECT_TRUE(at::allclose(s.apply(x), at::tensor({-1.F, 0.F, 1.F, 0.F}).view({2, 2})));
}

TEST(Synthetic, SeparableDataKeepsItsMargin) {
  const LabelledData data = separable(500, 5, 0.25, RandomStreams(1));
  // The direction between the class means separates well enough to find the hyperplane's normal is not needed:
  // the smallest distance between examples of different classes is at least two margins.
  const at::Tensor zero = data.inputs.index({data.targets == 0}), one = data.inputs.index({data.targets == 1});
  EXPECT_GE(at::cdist(zero, one).min().item<double>(), 0.5);
}

TEST(Synthetic, IsReproducible) {
  EXPECT_TRUE(at::equal(spirals(100, 3, 0.1, RandomStreams(1)).inputs, spirals(100, 3, 0.1, RandomStreams(1)).inputs));
  EXPECT_FALSE(at::equal(two_moons(100, 0.1, RandomStreams(1)).inputs, two_moons(100, 0.1, RandomStreams(2)).inputs));
  const LabelledData blobs = gaussian_blobs(3000, 2, 3, 10, RandomStreams(1));
  for (int c = 0; c < 3; ++c)
    EXPECT_NEAR(blobs.inputs.index({blobs.targets == c}).std(0).mean().item<double>(), 1, 0.1);
}

}  // namespace
}  // namespace talweg::data
