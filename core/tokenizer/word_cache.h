#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// Remembers the ids of short words: a table of fixed size in which a new word takes the place of an old one. Text
/// repeats its words so often that merging is rarely needed.
class WordCache {
 public:
  WordCache() : entries_(std::size_t{1} << kBits) {}

  /// Appends the ids of a word, as remembered or as encode(word, ids) appends them.
  template <class Encode>
  void append(std::string_view word, Ids& ids, Encode&& encode) {
    if (word.size() > kLongestWord) {
      encode(word, ids);
    } else if (!recall(word, ids)) {
      const std::size_t before = ids.size();
      encode(word, ids);
      store(word, ids.data() + before, ids.size() - before);
    }
  }

 private:
  /// Appends the ids of `word` and returns true when it is remembered. The word must fit.
  bool recall(std::string_view word, Ids& ids) const {
    const Key key = make_key(word);
    const Entry& entry = entries_[slot(key)];
    if (entry.count == 0 || entry.key[0] != key.part[0] || entry.key[1] != key.part[1] || entry.key[2] != key.part[2])
      return false;
    ids.insert(ids.end(), entry.ids, entry.ids + entry.count);
    return true;
  }

  /// Remembers the ids of a word that fits, unless they are many or none.
  void store(std::string_view word, const std::int32_t* ids, std::size_t count) {
    if (count == 0 || count > kMostIds) return;
    const Key key = make_key(word);
    Entry& entry = entries_[slot(key)];
    std::memcpy(entry.key, key.part, sizeof entry.key);
    entry.count = static_cast<std::uint32_t>(count);
    std::memcpy(entry.ids, ids, count * sizeof *ids);
  }

  static constexpr int kBits = 15;
  static constexpr std::size_t kLongestWord = 23;
  static constexpr std::size_t kMostIds = 9;

  /// The bytes of the word, zeros, and its length in the last byte.
  struct Key {
    std::uint64_t part[3];
  };
  struct Entry {
    std::uint64_t key[3];
    std::uint32_t count = 0;
    std::int32_t ids[kMostIds];
  };
  static_assert(sizeof(Entry) == 64, "one cache line");

  static Key make_key(std::string_view word) {
    Key key{};
    std::memcpy(key.part, word.data(), word.size());
    key.part[2] |= static_cast<std::uint64_t>(word.size()) << 56;
    return key;
  }
  static std::size_t slot(const Key& key) {
    std::uint64_t hash = (key.part[0] ^ key.part[1] * 0xC2B2AE3D27D4EB4FULL) * 0x9E3779B97F4A7C15ULL;
    hash = (hash ^ hash >> 29 ^ key.part[2]) * 0xBF58476D1CE4E5B9ULL;
    return hash >> (64 - kBits);
  }

  std::vector<Entry> entries_;
};

/// A cache for a tokenizer that several threads use.
class SharedWordCache {
 public:
  /// Calls use(cache). While another thread has the shared cache, it is a new one.
  template <class Use>
  void with(Use&& use) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) {
      WordCache own;
      return use(own);
    }
    if (!cache_) cache_ = std::make_unique<WordCache>();
    use(*cache_);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<WordCache> cache_;
};

}  // namespace talweg::tokenizer
