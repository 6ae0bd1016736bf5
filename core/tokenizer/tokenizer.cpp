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
    const std::size_t half = room / 2;
    const std::size_t of_b = b.size() <= half ? b.size() : a.size() <= room - half ? room - a.size() : half;
    b.resize(of_b);
    a.resize(std::min(a.size(), room - of_b));
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
    add(b, 1);
    add(frame.pair_after, 1);
  }
  return result;
}

}  // namespace talweg::tokenizer
