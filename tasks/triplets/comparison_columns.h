#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/held_out.h"
#include "tasks/triplets/id_dictionary.h"

namespace talweg::tasks {

/// Comparisons as they are collected from a file.
struct ComparisonColumns {
  std::vector<std::int32_t> users, first, second;
  std::vector<double> labels, weights;
  std::vector<std::string> times;  ///< one each, empty where a record has none

  Triplets triplets() const;
};

/// Collects the comparisons of one file, ids numbered in the order in which they are met.
class ComparisonCollector {
 public:
  ComparisonCollector(IdDictionary& users, IdDictionary& items) : users_(users), items_(items) {}
  void add(const std::string& user, const std::string& winner, const std::string& loser, double label, double weight,
           const std::string& time);
  ComparisonColumns columns;

 private:
  IdDictionary &users_, &items_;
};

/// Divides the comparisons of one file, or takes those of a second for evaluation; sorts both by user, divides weights
/// by their mean over the training comparisons, and leaves weights out that are all 1 then. `evaluation` is empty where
/// there is no second file. Throws DataError when all weights are 0, and as hold_out() does.
void divide_comparisons(const ComparisonColumns& all, const ComparisonColumns& evaluation,
                        const HeldOutOptions& options, const std::string& file, const RandomStreams& streams,
                        ComparisonData& data);

/// Reads the comparisons of `path`, and of `evaluation_path` unless that is empty, by `read`, and divides them. Throws
/// DataError when a file holds none, and as `read` does.
ComparisonData read_divided(
    const std::string& path, const std::string& evaluation_path, const HeldOutOptions& options,
    const RandomStreams& streams,
    const std::function<void(const std::string& path, ComparisonCollector& into, ComparisonData& data)>& read);

}  // namespace talweg::tasks
