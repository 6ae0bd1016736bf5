#include "tasks/text_classification/opinions.h"

#include <array>

namespace talweg::tasks {
namespace {

constexpr std::array kSubjects = {"story", "film", "book", "music", "end", "plot"};
constexpr std::array kGood = {"good", "fine", "nice"}, kGreat = {"great", "superb", "lovely"};
constexpr std::array kBad = {"bad", "dull", "weak"}, kAwful = {"awful", "dreadful", "vile"};

class Speaker {
 public:
  Speaker(double negated, RandomGenerator random) : negated_(negated), random_(random) {}

  /// A sentence and the sum of its judgements, which is not 0.
  std::pair<std::string, int> sentence() {
    for (;;) {
      std::string text = std::string("the ") + kSubjects[below(kSubjects.size())] + " was";
      int sum = judge(text);
      if (below(2) == 1) {
        text += " and";
        sum += judge(text);
      }
      if (sum != 0) return {text, sum};
    }
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.below(bound)); }

  int judge(std::string& text) {
    const bool turned = random_.uniform() < negated_;
    if (turned) text += " not";
    const std::size_t kind = below(4), word = below(3);
    const int value = std::array{1, 2, -1, -2}[kind];
    text += ' ';
    text += std::array{kGood, kGreat, kBad, kAwful}[kind][word];
    return turned ? -value : value;
  }

  double negated_;
  RandomGenerator random_;
};

}  // namespace

void declare(config::Fields& f, OpinionsOptions& o) {
  f("examples", o.examples, "number of sentences", config::at_least(2));
  f("negated", o.negated, "share of judgements with 'not'", config::at_least(0), config::at_most(1));
  f("pairs", o.pairs, "two sentences an example, labelled by the difference");
}

LabelledTexts opinions(const OpinionsOptions& options, const RandomStreams& streams) {
  LabelledTexts result;
  result.name = "opinions";
  Speaker speaker(options.negated, streams.generator("opinions"));
  while (static_cast<std::int64_t>(result.size()) < options.examples) {
    const auto [first, value] = speaker.sentence();
    int label = value;
    if (options.pairs) {
      const auto [second, other] = speaker.sentence();
      if (value == other) continue;
      result.second.push_back(second);
      label = value - other;
    }
    result.first.push_back(first);
    result.labels.push_back(std::to_string(label));
  }
  return result;
}

}  // namespace talweg::tasks
