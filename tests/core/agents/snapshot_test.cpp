// Snapshots between processes: what is written is read, and what is not whole or not ours is named.
#include "core/agents/snapshot.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/agents/mail_box.h"
#include "core/io/crc32c.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"

namespace talweg::agents {
namespace {

constexpr SnapshotFormat kFormat{77};

Message some_message() {
  return {3, 0, 12, {at::arange(6).view({2, 3}).to(at::kFloat), at::full({}, 2.5f)}, {at::full({4}, 9.0, at::kDouble)}};
}

std::string reason(const std::string& bytes, const SnapshotFormat& format = kFormat, std::int64_t sender = 3,
                   const std::vector<at::Tensor>& like = some_message().parameters) {
  try {
    decode_snapshot(bytes, format, sender, like);
    return "";
  } catch (const SnapshotDefect& defect) {
    return defect.what;
  }
}

/// The bytes with another checksum at their end, one that fits.
std::string summed_anew(std::string bytes) {
  const std::uint32_t sum = io::crc32c(std::string_view(bytes).substr(0, bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &sum, 4);
  return bytes;
}

TEST(Snapshot, ComesBackAsItWas) {
  const Message sent = some_message();
  const Message read = decode_snapshot(encode_snapshot(sent, kFormat), kFormat, 3, sent.parameters);
  EXPECT_EQ(read.from, 3);
  EXPECT_EQ(read.sent, 12);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_TRUE(at::equal(read.parameters[k], sent.parameters[k]));
  EXPECT_TRUE(at::equal(read.beside[0], sent.beside[0]));
}

TEST(Snapshot, IsRejectedWithTheReason) {
  const std::string whole = encode_snapshot(some_message(), kFormat);
  EXPECT_EQ(reason(whole), "");
  EXPECT_NE(reason(whole, {78}).find("another configuration"), std::string::npos);
  EXPECT_NE(reason(whole, kFormat, 2).find("of agent 3"), std::string::npos);
  EXPECT_NE(reason(whole, kFormat, 3, {at::zeros({2, 3})}).find("2 parameters, and the model 1"), std::string::npos);
  EXPECT_NE(reason(whole, kFormat, 3, {at::zeros({3, 2}), at::zeros({})}).find("Float [2, 3]"), std::string::npos);
  EXPECT_NE(reason("something else, long enough").find("no snapshot"), std::string::npos);
  std::string of_later = whole;
  of_later[8] = 9;
  EXPECT_NE(reason(of_later).find("version 9"), std::string::npos);
}

TEST(Snapshot, CutShortAtAnyByteOrWithAnyByteChangedIsRejected) {
  const std::string whole = encode_snapshot(some_message(), kFormat);
  for (std::size_t length = 0; length < whole.size(); ++length) EXPECT_NE(reason(whole.substr(0, length)), "");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    EXPECT_NE(reason(changed), "") << i;
  }
}

// Whoever can write a checksum can write what is in it: nothing is believed that does not fit into the bytes.
TEST(Snapshot, OfLyingSizesIsRejected) {
  const std::string whole = encode_snapshot(some_message(), kFormat);
  for (std::size_t i = 32; i + 4 < whole.size(); ++i)
    for (const char byte : {'\x00', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[i] = byte;
      reason(summed_anew(changed));  // must neither crash nor take much memory
    }
  std::string longer = whole.substr(0, whole.size() - 4) + "more" + whole.substr(whole.size() - 4);
  EXPECT_NE(reason(summed_anew(longer)), "");
}

TEST(FolderMailBox, KeepsTheNewestAndHandsItOutOnce) {
  const testing::TemporaryFolder folder;
  FolderMailBox a(folder.path() / "mail", 0), b(folder.path() / "mail", 1);
  EXPECT_FALSE(b.newer(0)) << "nothing was left yet";
  a.publish("first");
  a.publish("second");
  EXPECT_EQ(b.newer(0), "second");
  EXPECT_FALSE(b.newer(0));
  a.publish("third");
  EXPECT_EQ(b.newer(0), "third");
  EXPECT_FALSE(a.newer(1));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "mail")) files += entry.exists();
  EXPECT_EQ(files, 1u) << "nothing is left aside";
}

}  // namespace
}  // namespace talweg::agents
