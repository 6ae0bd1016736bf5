#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace talweg::tasks {

/// Words with a mean human rating each, as a baseline for opinions: the score of a text is the sum of its words'
/// ratings, where one of the three words before it that negates turns the sign of a rating and takes a quarter of its
/// weight. Source of the rule and its factor −0.74: Hutto and Gilbert 2014 §3.
class Lexicon {
 public:
  /// Reads lines `word<TAB>rating…`. Throws DataError naming file:line.
  explicit Lexicon(const std::filesystem::path& path);
  Lexicon(std::string_view text, const std::string& name);

  /// Words are compared in lower case, without punctuation around them.
  double score(std::string_view text) const;
  std::size_t size() const { return ratings_.size(); }

 private:
  std::unordered_map<std::string, double> ratings_;
};

}  // namespace talweg::tasks
