#pragma once

#include <functional>

#include "core/error.h"

namespace talweg {

/// States of a run were saved, and none of them can be gone on with: each is damaged or gone.
struct NoWholeState : DataError {
  using DataError::DataError;
};

/// The fate of a run without a whole state: returns to begin it anew, with what is there set aside, throws to refuse.
using NoWholeStatePolicy = std::function<void(const NoWholeState& found)>;

/// Throws what was found.
void refuse_to_begin_anew(const NoWholeState& found);

/// Says on standard error what was found and that the run begins anew.
void announce_beginning_anew(const NoWholeState& found);

}  // namespace talweg
