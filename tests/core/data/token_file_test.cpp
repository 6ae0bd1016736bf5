// Corpora as ids: what was written is read, and every token of a text is predicted exactly once.
#include "core/data/token_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "core/data/token_sequences.h"
#include "core/error.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"

namespace talweg::data {
namespace {

std::vector<std::int64_t> ids_of(const TokenFile& file) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(file.tokens()));
  file.read(0, file.tokens(), ids.data());
  return ids;
}

/// Documents 0 1 2 | 3 4 | 5 6 7 8 with ids that need 16 bits, written to a file.
TokenFile written(const std::filesystem::path& path, std::int64_t vocabulary, bool marks_context) {
  TokenFileWriter writer(path, vocabulary, marks_context);
  std::int32_t next = 0;
  for (const std::int32_t length : {3, 2, 0, 4}) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(length));
    for (std::int32_t& id : ids) id = 7000 * next++;
    const std::span<const std::int32_t> all(ids);
    if (length > 1) {
      writer.append(all.first(1), !marks_context);
      writer.append(all.subspan(1));
    }
    writer.end_document();
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing is seen before it is whole";
  writer.finish();
  return TokenFile::open(path);
}

TEST(TokenFile, GivesBackWhatWasWritten) {
  const talweg::testing::TemporaryFolder folder;
  for (const auto& [vocabulary, context] :
       {std::pair{std::int64_t{65536}, false}, {std::int64_t{65537}, false}, {std::int64_t{65536}, true}}) {
    const auto path = folder.path() / fmt::format("{}-{}", vocabulary, context);
    const TokenFile file = written(path, vocabulary, context);
    ASSERT_EQ(file.documents(), 3);
    EXPECT_EQ(file.document_begin(2), 5);
    EXPECT_EQ(file.document_end(2), 9);
    const auto ids = ids_of(file);
    for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(ids[i], 7000 * static_cast<std::int64_t>(i));
    EXPECT_EQ(std::ranges::max(ids_of(file)), 56000);
    EXPECT_EQ(file.is_trained(0), !context);
    EXPECT_TRUE(file.is_trained(1));
    EXPECT_EQ(file.is_trained(5), !context);
    EXPECT_EQ(std::filesystem::file_size(path), (context || vocabulary > 65536 ? 40 : 24) + 3 * 8 + 32U);
    EXPECT_EQ(file.document_at(3), 1);
    EXPECT_EQ(file.document_at(4), 2);
    EXPECT_EQ(file.document_at(6), 3);
    EXPECT_EQ(file.document_at(0), 0);
  }
}

TEST(TokenFile, ReadsNothingThatIsNotWhole) {
  const talweg::testing::TemporaryFolder folder;
  const auto path = folder.path() / "whole";
  written(path, 65536, false);
  const std::string bytes = io::read_whole_file(path);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = folder.path() / "cut";
    std::ofstream(cut, std::ios::binary) << bytes.substr(0, length);
    EXPECT_THROW(TokenFile::open(cut), DataError) << length;
  }
  for (std::size_t at = bytes.size() - 56; at < bytes.size(); ++at) {  // the table and the footer
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x80);
    const auto file = folder.path() / "changed";
    std::ofstream(file, std::ios::binary) << changed;
    EXPECT_THROW(TokenFile::open(file), DataError) << at;
  }
}

TEST(TokenFile, AnUnfinishedFileLeavesNothing) {
  const talweg::testing::TemporaryFolder folder;
  {
    TokenFileWriter writer(folder.path() / "tokens", 100, false);
    const std::int32_t id = 5;
    writer.append({&id, 1});
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TokenFile, PlainIdsOfOtherPrograms) {
  const talweg::testing::TemporaryFolder folder;
  const auto path = folder.path() / "plain.bin";
  const std::vector<std::uint16_t> ids{1, 2, 0, 60000, 0, 5};
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(ids.data()), 12);
  const TokenFile file = TokenFile::open_plain(path, 2, 0);
  EXPECT_EQ(file.documents(), 3);
  EXPECT_EQ(file.document_end(0), 3);
  EXPECT_EQ(ids_of(file)[3], 60000);
  EXPECT_EQ(TokenFile::open_plain(path, 4).documents(), 1);
  std::ofstream(path, std::ios::binary | std::ios::app) << 'x';
  EXPECT_THROW(TokenFile::open_plain(path, 2), DataError);
}

TEST(TokenFile, OfSeveralPlainFilesIsOneCorpus) {
  const talweg::testing::TemporaryFolder folder;
  std::vector<std::filesystem::path> parts;
  for (std::uint32_t part = 0; part < 3; ++part) {
    const std::vector<std::uint32_t> ids{10 * part, 10 * part + 1, 10 * part + 2};
    parts.push_back(folder.path() / fmt::format("part-{}.bin", part));
    std::ofstream(parts.back(), std::ios::binary).write(reinterpret_cast<const char*>(ids.data()), 12);
  }
  TokenFile file = TokenFile::open_plain(parts, 4);
  EXPECT_EQ(ids_of(file), (std::vector<std::int64_t>{0, 1, 2, 10, 11, 12, 20, 21, 22}));
  EXPECT_EQ(file.documents(), 3);
  EXPECT_EQ(file.document_end(1), 6);
  std::int64_t across[5];
  file.read(2, 5, across);
  EXPECT_EQ(std::vector<std::int64_t>(across, across + 5), (std::vector<std::int64_t>{2, 10, 11, 12, 20}));
  file.require_below(23);
  try {
    file.require_below(22);
    FAIL() << "an id that is too large went unnoticed";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("part-2.bin' holds the id 22, the vocabulary has 22"), std::string::npos)
        << error.what();
  }
}

std::shared_ptr<const TokenFile> counting(std::vector<std::int64_t> ends, const std::vector<bool>& context = {}) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(ends.back()));
  std::iota(ids.begin(), ids.end(), 100);
  return std::make_shared<TokenFile>(std::move(ids), std::move(ends), context);
}

Batch all_of(const TokenSequences& sequences) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(sequences.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return sequences.batch(indices, 0);
}

TEST(TokenSequences, PackedTextPredictsEveryTokenOnce) {
  for (const std::int64_t count : {2, 9, 10, 11, 30})
    for (const std::int64_t length : {2, 5, 10}) {
      const auto sequences = all_sequences(counting({count}), SequenceKind::packed, length);
      const Batch batch = all_of(*sequences);
      std::vector<std::int64_t> predicted;
      for (std::int64_t i = 0; i < batch.size; ++i)
        for (std::int64_t t = 0; t < batch.tensors[1].size(1); ++t) {
          const auto target = batch.tensors[1][i][t].item<std::int64_t>();
          if (target == kIgnored) continue;
          EXPECT_EQ(batch.tensors[0][i][t].item<std::int64_t>() + 1, target);
          predicted.push_back(target);
        }
      ASSERT_EQ(static_cast<std::int64_t>(predicted.size()), count - 1) << count << " by " << length;
      for (std::int64_t i = 0; i < count - 1; ++i) EXPECT_EQ(predicted[static_cast<std::size_t>(i)], 101 + i);
    }
}

TEST(TokenSequences, OneDocumentEachIsCutAndPadded) {
  // Documents of 3, 1 and 8 tokens, at most 5 of each.
  const auto sequences = all_sequences(counting({3, 4, 12}), SequenceKind::documents, 5);
  EXPECT_EQ(sequences->size(), 3);
  const Batch batch = all_of(*sequences);
  const at::Tensor inputs = at::tensor({100, 101, 0, 0, 103, 0, 0, 0, 104, 105, 106, 107}, at::kLong).view({3, 4});
  const at::Tensor targets =
      at::tensor({101, 102, -100, -100, -100, -100, -100, -100, 105, 106, 107, 108}, at::kLong).view({3, 4});
  EXPECT_TRUE(at::equal(batch.tensors[0], inputs));
  EXPECT_TRUE(at::equal(batch.tensors[1], targets));
  const std::int64_t first = 0;
  EXPECT_EQ(sequences->batch({&first, 1}, 0).tensors[0].size(1), 2) << "as long as the longest of the batch";
}

TEST(TokenSequences, ContextIsReadAndNotTrainedOn) {
  std::vector<bool> context(6, false);
  context[1] = context[2] = true;
  const Batch batch = all_of(*all_sequences(counting({6}, context), SequenceKind::packed, 8));
  EXPECT_TRUE(at::equal(batch.tensors[1], at::tensor({-100, -100, 103, 104, 105}, at::kLong).view({1, 5})));
}

TEST(TokenSequences, WithoutACountedTargetAreLeftOut) {
  // Documents of 6, 1, 2 and 6 tokens, of which the first is context but for its last token, beyond the cut at 5.
  std::vector<bool> context(15, false);
  std::fill(context.begin(), context.begin() + 5, true);
  const auto corpus = counting({6, 7, 9, 15}, context);
  const auto cut = all_sequences(corpus, SequenceKind::documents, 5);
  EXPECT_EQ(cut->leave_out_uncounted(), 2);
  ASSERT_EQ(cut->size(), 2);
  const std::vector<std::int64_t> both{0, 1};
  const Batch batch = cut->batch(both, 0);
  EXPECT_EQ(batch.tensors[0][0][0].item<std::int64_t>(), 107);
  EXPECT_EQ(batch.tensors[0][1][0].item<std::int64_t>(), 109);
  EXPECT_EQ(cut->leave_out_uncounted(), 0) << "once";
  EXPECT_EQ(all_sequences(corpus, SequenceKind::documents, 6)->leave_out_uncounted(), 1);
  EXPECT_EQ(all_sequences(corpus, SequenceKind::packed, 4)->leave_out_uncounted(), 1);
}

TEST(TokenSequences, TheEndOfTheCorpusIsHeldOut) {
  // Twenty documents of five tokens; a fifth is four of them.
  std::vector<std::int64_t> ends;
  for (std::int64_t i = 1; i <= 20; ++i) ends.push_back(5 * i);
  const auto corpus = counting(ends);
  const SplitSequences documents = split_sequences(corpus, SequenceKind::documents, 10, 0.2);
  EXPECT_EQ(documents.training->size(), 16);
  EXPECT_EQ(documents.evaluation->size(), 4);
  EXPECT_EQ(all_of(*documents.evaluation).tensors[0][0][0].item<std::int64_t>(), 180);
  // 0.19 would cut inside of a document: the next one begins the evaluation.
  const SplitSequences packed = split_sequences(corpus, SequenceKind::packed, 10, 0.19);
  EXPECT_EQ(all_of(*packed.evaluation).tensors[0][0][0].item<std::int64_t>(), 185);
  EXPECT_EQ(all_of(*packed.training).tensors[1].max().item<std::int64_t>(), 184);
  // A single document is cut where the share says.
  const SplitSequences single = split_sequences(counting({100}), SequenceKind::packed, 10, 0.2);
  EXPECT_EQ(all_of(*single.evaluation).tensors[0][0][0].item<std::int64_t>(), 180);
  EXPECT_THROW(split_sequences(counting({3}), SequenceKind::packed, 10, 0.2), DataError);
  EXPECT_THROW(split_sequences(counting({30}), SequenceKind::documents, 10, 0.2), DataError);
}

}  // namespace
}  // namespace talweg::data
