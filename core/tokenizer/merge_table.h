#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace talweg::tokenizer {

/// Two neighbouring tokens that become one; earlier merges of the list win.
struct Merge {
  std::int32_t left, right, whole;
};

/// The merges of a byte-pair encoding, and the encoding itself.
/// Source: Sennrich, Haddow and Birch 2016 §3.2; the leftmost pair of the earliest merge is joined until none is left.
class MergeTable {
 public:
  explicit MergeTable(std::span<const Merge> merges);

  /// Joins the ids in place. Time is linear in their number for a list that was trained, in which tokens
  /// are made before they are merged.
  void apply(std::vector<std::int32_t>& ids) const;

 private:
  struct Slot {
    std::uint64_t pair = kEmpty;
    std::uint32_t rank = kNone;
    std::int32_t whole = 0;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  const Slot& find(std::int32_t left, std::int32_t right) const;
  void apply_to_few(std::vector<std::int32_t>& ids) const;
  void apply_to_many(std::vector<std::int32_t>& ids) const;

  std::vector<Slot> slots_;
  int shift_ = 0;
  Slot none_;
};

}  // namespace talweg::tokenizer
