#include "tasks/triplets/comparison_data.h"

#include "tasks/triplets/battle_files.h"
#include "tasks/triplets/comparison_arrays.h"
#include "tasks/triplets/comparison_files.h"
#include "tasks/triplets/rating_files.h"
#include "tasks/triplets/synthetic_comparisons.h"

namespace talweg::tasks {

void register_comparison_data() {
  static const bool once = [] {
    auto& registry = config::Registry<ComparisonDataKind>::instance();
    registry.add<SyntheticComparisonsOptions>("synthetic_comparisons", "random pairs judged by utilities of low rank",
                                              "Sankagiri et al. 2025 (arXiv 2502.20033)", synthetic_comparisons);
    registry.add<ComparisonCsvOptions>("comparison_csv", "delimited text: user, winner, loser", "RFC 4180",
                                       read_comparison_csv);
    registry.add<ComparisonFileOptions>("comparison_json", "JSON objects with user, winner and loser, one a line",
                                        "RFC 8259", read_comparison_json);
    registry.add<ComparisonArraysOptions>(
        "comparison_arrays", "NumPy files with numbers of users, winners and losers, more than memory holds",
        "NumPy enhancement proposal 1", read_comparison_arrays);
    registry.add<BattleCsvOptions>("battle_csv", "delimited text: two that met, and which of them won",
                                   "layout of the battles of Chatbot Arena", read_battle_csv);
    registry.add<BattleFileOptions>("battle_json", "JSON objects: two that met, and which of them won",
                                    "layout of the battles of Chatbot Arena", read_battle_json);
    registry.add<RatingFileOptions>("rating_csv", "delimited text: user, item, rating; pairs with different ratings",
                                    "Park et al. 2015 (pairs of ratings); layout of MovieLens", read_rating_csv);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
