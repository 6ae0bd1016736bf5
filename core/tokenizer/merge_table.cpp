#include "core/tokenizer/merge_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <queue>
#include <tuple>

namespace talweg::tokenizer {
namespace {

constexpr std::size_t kFew = 48;  // up to here looking at every pair for every merge is cheapest

std::uint64_t key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

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
  // A linked list of what is left, and the pairs in order of rank and place. A pair whose tokens changed meanwhile is
  // recognised by its rank and passed over.
  const std::size_t count = ids.size();
  std::vector<std::size_t> previous(count), next(count);
  for (std::size_t i = 0; i < count; ++i) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  using Candidate = std::pair<std::uint32_t, std::size_t>;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  std::vector<std::uint32_t> ranks(count, kNone);  // of the pair that starts at i
  const auto look = [&](std::size_t i) {
    ranks[i] = next[i] < count ? find(ids[i], ids[next[i]]).rank : kNone;
    if (ranks[i] != kNone) queue.emplace(ranks[i], i);
  };
  for (std::size_t i = 0; i + 1 < count; ++i) look(i);
  while (!queue.empty()) {
    const auto [rank, i] = queue.top();
    queue.pop();
    if (ids[i] < 0 || ranks[i] != rank) continue;
    const std::size_t gone = next[i];
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
