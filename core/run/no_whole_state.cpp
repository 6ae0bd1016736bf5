#include "core/run/no_whole_state.h"

#include <fmt/format.h>

namespace talweg {

void refuse_to_begin_anew(const NoWholeState& found) {
  throw NoWholeState(fmt::format(
      "{}\n  nothing was changed. Put a copy of one back, or add --from-start to begin the run anew, with what "
      "is there set aside under other names",
      found.what()));
}

void announce_beginning_anew(const NoWholeState& found) {
  fmt::print(stderr, "talweg: {}\n  it begins anew\n", found.what());
}

}  // namespace talweg
