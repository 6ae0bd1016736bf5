#pragma once

#include <cstddef>
#include <vector>

#include "models/mean_field/two_time_state.h"

namespace talweg::mean_field {

/// When past times are forgotten.
struct Thinning {
  double tolerance = 1e-7;  ///< relative error of cubic interpolation below which a past time may go
  std::size_t recent = 24;  ///< newest times that always stay
};

/// Removes past times between which everything is smooth, so that memory grows with the logarithm of time and not with
/// its square. C and C_A are smooth functions of both times: rows and columns are dropped. R̂ and R_A are operators on
/// functions of the past, with a jump and fast decay near their diagonal: what they say of a dropped time is handed to
/// its neighbours by the adjoint of cubic interpolation, so that their action on any smooth function stays the same to
/// fourth order. The newest times, and the first, stay. Returns how many were removed. Source: ours.
std::size_t thin(TwoTimeState& state, const Thinning& thinning);

}  // namespace talweg::mean_field
