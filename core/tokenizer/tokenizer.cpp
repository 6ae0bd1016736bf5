#include "core/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg::tokenizer {

void Tokenizer::require_id(std::int32_t id) const {
  if (id < 0 || id >= vocabulary_size())
    throw DataError(fmt::format("token id {} is outside the vocabulary of {}", id, vocabulary_size()));
}

Encoding encode_framed(const Tokenizer& tokenizer, std::string_view first, std::optional<std::string_view> second,
                       std::int64_t longest) {
  const SequenceFrame& frame = tokenizer.frame();
  Ids a = tokenizer.encode(first), b;
  if (second) b = tokenizer.encode(*second);
  const std::size_t around = second ? frame.pair_before.size() + frame.pair_between.size() + frame.pair_after.size()
                                    : frame.before.size() + frame.after.size();
  if (longest < static_cast<std::int64_t>(around) + 1)
    throw ConfigError(fmt::format("sequences of {} tokens have no room for the {} that frame a text", longest, around));
  const std::size_t room = static_cast<std::size_t>(longest) - around;
  if (a.size() + b.size() > room) {
    // Texts that are as long as the whole sequence count as equally long, as in the reference implementation.
    for (Ids* ids : {&a, &b}) ids->resize(std::min(ids->size(), static_cast<std::size_t>(longest)));
    // The shorter text stays whole while it has half of the room; otherwise both get half of it, and of an odd number
    // the longer one (the second, when they are equal) gets one more.
    Ids& longer = second && b.size() >= a.size() ? b : a;
    Ids& shorter = &longer == &a ? b : a;
    const std::size_t half = room / 2;
    if (shorter.size() > half) shorter.resize(half);
    longer.resize(room - shorter.size());
  }
  Encoding result;
  const auto add = [&](const Ids& ids, std::int32_t segment) {
    result.ids.insert(result.ids.end(), ids.begin(), ids.end());
    result.segments.resize(result.ids.size(), segment);
  };
  add(second ? frame.pair_before : frame.before, 0);
  add(a, 0);
  add(second ? frame.pair_between : frame.after, 0);
  if (second) {
    const auto moved = static_cast<std::ptrdiff_t>(frame.between_of_second);
    std::fill(result.segments.end() - moved, result.segments.end(), frame.second_segment);
    add(b, frame.second_segment);
    add(frame.pair_after, frame.second_segment);
  }
  return result;
}

Ids encode_prompt(const Tokenizer& tokenizer, std::string_view text) {
  Ids ids = tokenizer.frame().before;
  tokenizer.append(text, ids);
  return ids;
}

}  // namespace talweg::tokenizer
