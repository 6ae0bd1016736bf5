#include "core/tokenizer/merge_table.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <stdexcept>

namespace talweg::tokenizer {
namespace {

constexpr std::size_t kFew = 48;  // up to here looking at every pair for every merge is cheapest

std::uint64_t key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

/// Places waiting for their turn, from left to right.
class Places {
 public:
  void add(std::uint32_t place) {
    in_order_ = in_order_ && (places_.empty() || places_.back() < place);
    places_.push_back(place);
  }
  bool empty() const { return taken_ == places_.size(); }
  std::uint32_t take() {
    if (!in_order_) std::sort(places_.begin() + static_cast<std::ptrdiff_t>(taken_), places_.end());
    in_order_ = true;
    return places_[taken_++];
  }

 private:
  std::vector<std::uint32_t> places_;
  std::size_t taken_ = 0;
  bool in_order_ = true;
};

}  // namespace

MergeTable::MergeTable(std::span<const Merge> merges) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(2 * merges.size(), 2));
  slots_.resize(size);
  shift_ = 64 - std::countr_zero(size);
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::uint64_t pair = key(merges[rank].left, merges[rank].right);
    std::size_t at = pair * 0x9E3779B97F4A7C15ULL >> shift_;
    while (slots_[at].pair != kEmpty && slots_[at].pair != pair) at = (at + 1) & (size - 1);
    // Of a pair that is listed twice the last rank counts, as in the reference implementation.
    slots_[at] = {pair, static_cast<std::uint32_t>(rank), merges[rank].whole};
  }
}

const MergeTable::Slot& MergeTable::find(std::int32_t left, std::int32_t right) const {
  const std::uint64_t pair = key(left, right);
  for (std::size_t at = pair * 0x9E3779B97F4A7C15ULL >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].pair == pair) return slots_[at];
    if (slots_[at].pair == kEmpty) return none_;
  }
}

void MergeTable::apply(std::vector<std::int32_t>& ids) const {
  if (ids.size() < 2) return;
  if (ids.size() >= std::numeric_limits<std::uint32_t>::max()) throw std::length_error("a word of 4 GB");
  if (ids.size() <= kFew)
    apply_to_few(ids);
  else
    apply_to_many(ids);
}

void MergeTable::apply_to_few(std::vector<std::int32_t>& ids) const {
  const Slot* merges[kFew];
  std::size_t count = ids.size();
  for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = &find(ids[i], ids[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (merges[i]->rank < merges[best]->rank) best = i;
    if (merges[best]->rank == kNone) break;
    ids[best] = merges[best]->whole;
    std::copy(ids.begin() + static_cast<std::ptrdiff_t>(best) + 2, ids.begin() + static_cast<std::ptrdiff_t>(count),
              ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    std::copy(merges + best + 1, merges + count - 1, merges + best);
    --count;
    if (best > 0) merges[best - 1] = &find(ids[best - 1], ids[best]);
    if (best + 1 < count) merges[best] = &find(ids[best], ids[best + 1]);
  }
  ids.resize(count);
}

void MergeTable::apply_to_many(std::vector<std::int32_t>& ids) const {
  // A linked list of what is left, and for every rank the places of its pairs, which are taken from left to right.
  // Merges of a list that was trained only lead to pairs of later ranks, so every place is looked at a bounded number
  // of times. A place whose tokens changed meanwhile is recognised by its rank and passed over.
  const auto count = static_cast<std::uint32_t>(ids.size());
  std::vector<std::uint32_t> previous(count), next(count), ranks(count, kNone);  // rank of the pair that starts here
  std::map<std::uint32_t, Places> queue;
  auto recent = queue.end();
  const auto look = [&](std::uint32_t i) {
    ranks[i] = next[i] < count ? find(ids[i], ids[next[i]]).rank : kNone;
    if (ranks[i] == kNone) return;
    if (recent == queue.end() || recent->first != ranks[i]) recent = queue.try_emplace(ranks[i]).first;
    recent->second.add(i);
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  for (std::uint32_t i = 0; i + 1 < count; ++i) look(i);
  while (!queue.empty()) {
    const auto first = queue.begin();
    if (first->second.empty()) {
      if (recent == first) recent = queue.end();
      queue.erase(first);
      continue;
    }
    const std::uint32_t i = first->second.take();
    if (ranks[i] != first->first) continue;
    const std::uint32_t gone = next[i];
    ids[i] = find(ids[i], ids[gone]).whole;
    ids[gone] = -1;
    ranks[gone] = kNone;
    next[i] = next[gone];
    if (next[i] < count) previous[next[i]] = i;
    look(i);
    if (previous[i] < count) look(previous[i]);
  }
  ids.erase(std::remove(ids.begin(), ids.end(), -1), ids.end());
}

}  // namespace talweg::tokenizer
