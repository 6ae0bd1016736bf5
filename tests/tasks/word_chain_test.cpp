#include "tasks/language_modeling/word_chain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace talweg::tasks {
namespace {

TEST(WordChain, FrequenciesAreThoseOfTheEntropy) {
  // The entropy counted from a long text by bigrams of words.
  const WordChain chain{20, 1, 0.4, 3};
  const std::string text = chain.text(200000);
  std::map<std::string, std::map<std::string, double>> following;
  std::map<std::string, double> count;
  std::string last;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find(' ', begin);
    const std::string word = text.substr(begin, end - begin);
    if (!last.empty()) ++following[last][word];
    ++count[word];
    last = word;
    begin = end + 1;
  }
  EXPECT_EQ(count.size(), 20U);
  double entropy = 0;
  for (const auto& [word, next] : following)
    for (const auto& [other, n] : next) entropy -= n * std::log(n / count[word]);
  EXPECT_NEAR(chain.entropy_per_byte(), entropy / static_cast<double>(text.size()), 2e-3);
}

}  // namespace
}  // namespace talweg::tasks
