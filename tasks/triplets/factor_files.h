#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tasks/triplets/factor_model.h"

namespace talweg::tasks {

/// Writes rows of utilities as a folder: `users.npy` and `items.npy` (NumPy, [n, w], ⟨user, item⟩ is the utility),
/// `user_ids.txt` and `item_ids.txt` (one JSON string a line, in the order of the rows), `users.csv` and `items.csv`
/// (id, factors). Ids that are empty are the rows' numbers. The folder appears, or replaces an earlier one, whole.
/// `type` is float32, float64 or float16. Throws SystemError.
void write_factors(const std::filesystem::path& folder, const UtilityRows& rows, const std::vector<std::string>& users,
                   const std::vector<std::string>& items, at::ScalarType type);

}  // namespace talweg::tasks
