#include "tasks/language_modeling/word_chain.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/random/random_streams.h"

namespace talweg::tasks {

std::vector<std::string> WordChain::spellings() const {
  RandomGenerator random = RandomStreams(seed).generator("spellings");
  std::set<std::string> known;
  std::vector<std::string> list;
  while (static_cast<std::int64_t>(list.size()) < words) {
    std::string word;
    const std::uint64_t length = 2 + random.below(5);
    while (word.size() < length) word += static_cast<char>('a' + random.below(26));
    if (known.insert(word).second) list.push_back(word);
  }
  return list;
}

std::vector<double> WordChain::frequencies() const {
  std::vector<double> list;
  double total = 0;
  for (std::int64_t i = 1; i <= words; ++i) total += list.emplace_back(std::pow(static_cast<double>(i), -exponent));
  for (double& frequency : list) frequency /= total;
  return list;
}

std::vector<std::int64_t> WordChain::successors() const {
  return random_permutation(words, RandomStreams(seed).generator("successors"));
}

std::string WordChain::text(std::int64_t length) const {
  const std::vector<std::string> spelling = spellings();
  const std::vector<std::int64_t> successor = successors();
  std::vector<double> cumulative = frequencies();
  for (std::size_t i = 1; i < cumulative.size(); ++i) cumulative[i] += cumulative[i - 1];
  RandomGenerator random = RandomStreams(seed).generator("text");
  std::string text;
  std::size_t word = 0;
  for (std::int64_t i = 0; i < length; ++i) {
    const bool attached = i > 0 && random.uniform() < attachment;
    const auto drawn =
        std::lower_bound(cumulative.begin(), cumulative.end() - 1, random.uniform()) - cumulative.begin();
    word = static_cast<std::size_t>(attached ? successor[word] : drawn);
    text += spelling[word] + ' ';
  }
  return text;
}

double WordChain::entropy_per_byte() const {
  const std::vector<std::string> spelling = spellings();
  const std::vector<std::int64_t> successor = successors();
  const std::vector<double> frequency = frequencies();
  // Stationary frequencies: π = λ·(π moved to the successors) + (1 − λ)·z.
  std::vector<double> stationary = frequency, next(frequency.size());
  for (int round = 0; round < 2000; ++round) {
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = (1 - attachment) * frequency[i];
    for (std::size_t i = 0; i < next.size(); ++i)
      next[static_cast<std::size_t>(successor[i])] += attachment * stationary[i];
    stationary.swap(next);
  }
  const auto term = [](double p) { return p > 0 ? -p * std::log(p) : 0; };
  double drawn = 0, entropy = 0, length = 0;
  for (const double f : frequency) drawn += term((1 - attachment) * f);
  for (std::size_t i = 0; i < frequency.size(); ++i) {
    const double f = (1 - attachment) * frequency[static_cast<std::size_t>(successor[i])];
    entropy += stationary[i] * (drawn - term(f) + term(f + attachment));
    length += stationary[i] * static_cast<double>(spelling[i].size() + 1);
  }
  return entropy / length;
}

}  // namespace talweg::tasks
