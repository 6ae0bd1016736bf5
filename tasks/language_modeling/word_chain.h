#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace talweg::tasks {

/// A language made up of words, for trials without any file: word frequencies follow Zipf's law, and every word has one
/// favourite successor, which follows with probability `attachment`; otherwise the next word is drawn by frequency.
struct WordChain {
  std::int64_t words = 200;
  double exponent = 1;      ///< of Zipf's law: the r-th word has weight r^(−exponent)
  double attachment = 0.5;  ///< λ
  std::uint64_t seed = 0;

  /// A text of so many words, each followed by a space.
  std::string text(std::int64_t length) const;
  /// Nats per byte below which no model can go on long texts: the entropy of the next word over the mean length of a
  /// word and its space.
  double entropy_per_byte() const;

 private:
  std::vector<std::string> spellings() const;
  std::vector<double> frequencies() const;
  std::vector<std::int64_t> successors() const;
};

}  // namespace talweg::tasks
