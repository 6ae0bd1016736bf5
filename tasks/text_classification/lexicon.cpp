#include "tasks/text_classification/lexicon.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "core/error.h"
#include "core/files/read_file.h"
#include "core/io/utf8.h"

namespace talweg::tasks {
namespace {

constexpr std::array<std::string_view, 20> kNegations = {
    "not",    "no",     "never",  "none",   "nothing", "nobody", "nowhere", "neither", "nor",    "without",
    "hardly", "barely", "rarely", "seldom", "cannot",  "can't",  "won't",   "don't",   "didn't", "ain't"};
constexpr double kTurned = -0.74;
constexpr std::size_t kReach = 3;

bool negates(const std::string& word) {
  return word.ends_with("n't") || std::find(kNegations.begin(), kNegations.end(), word) != kNegations.end();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    std::string word(text.substr(at, end - at));
    for (char& c : word)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    const auto punctuation = [](char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; };
    // What is punctuation alone may be a face.
    if (!std::all_of(word.begin(), word.end(), punctuation)) {
      while (punctuation(word.back())) word.pop_back();
      word.erase(word.begin(), std::find_if_not(word.begin(), word.end(), punctuation));
    }
    if (!word.empty()) words.push_back(std::move(word));
    at = end + 1;
  }
  return words;
}

}  // namespace

Lexicon::Lexicon(const std::filesystem::path& path) : Lexicon(io::read_file(path, 1 << 28), path.string()) {}

Lexicon::Lexicon(std::string_view text, const std::string& name) {
  text = io::without_byte_order_mark(text);
  for (std::size_t at = 0, line = 1; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view row = text.substr(at, end - at);
    at = end + 1;
    if (row.empty() || row == "\r") continue;
    const std::size_t tab = row.find('\t');
    double rating = 0;
    const char* begin = row.data() + std::min(tab + 1, row.size());
    if (tab == std::string_view::npos || std::from_chars(begin, row.data() + row.size(), rating).ec != std::errc())
      throw DataError(fmt::format("{}:{}: not a word, a tab and a rating", name, line));
    ratings_.emplace(row.substr(0, tab), rating);
  }
  if (ratings_.empty()) throw DataError(fmt::format("{}: holds no words", name));
}

double Lexicon::score(std::string_view text) const {
  const std::vector<std::string> words = words_of(text);
  double sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto found = ratings_.find(words[i]);
    if (found == ratings_.end()) continue;
    const std::size_t from = i < kReach ? 0 : i - kReach;
    const bool turned = std::any_of(words.begin() + static_cast<std::ptrdiff_t>(from),
                                    words.begin() + static_cast<std::ptrdiff_t>(i), negates);
    sum += turned ? kTurned * found->second : found->second;
  }
  return sum;
}

}  // namespace talweg::tasks
