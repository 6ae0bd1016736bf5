#pragma once

#include <string>

#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/held_out.h"

namespace talweg::tasks {

/// Files of battles: two that met, and the outcome, as judges of language models write them.
struct BattleFileOptions : HeldOutOptions {
  std::string path, evaluation_path;
  std::string user = "judge", first = "model_a", second = "model_b", outcome = "winner", time = "tstamp";
};
void declare(config::Fields& f, BattleFileOptions& o);

struct BattleCsvOptions : BattleFileOptions {
  std::string delimiter = ",";
};
void declare(config::Fields& f, BattleCsvOptions& o);
void validate(const BattleCsvOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The outcome is the name of a field ("model_a"), the id of one of both, or a tie ("tie", "tie (bothbad)", "both bad":
/// a label of ½). Records without a user are those of one user, "everyone". Throws DataError naming file and line.
ComparisonData read_battle_csv(const BattleCsvOptions& options, const RandomStreams& streams);
ComparisonData read_battle_json(const BattleFileOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
