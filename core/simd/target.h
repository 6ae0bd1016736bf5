#pragma once

#include <atomic>
#include <string>
#include <vector>

namespace talweg::simd {

/// Generations of vector units that kernels are compiled for, ascending. `baseline` is what every processor of the
/// architecture has: SSE2 on x86, NEON on ARM. Names are those of the environment variable TALWEG_VECTORS.
enum class Target { baseline, avx2, avx512 };

const char* name_of(Target target);

/// Those that this processor has and this program is compiled for, ascending; never empty.
std::vector<Target> available_targets();

/// The last of the available targets that is not above the one of this name; all of them for an empty name. Throws
/// UsageError for a name that is none.
Target target_capped_by(const std::string& name);

namespace detail {
extern std::atomic<int> chosen_target;  // −1: not yet
Target choose_target();
}  // namespace detail

/// The one that kernels run on: the best available, capped by TALWEG_VECTORS. Throws UsageError when that names none.
inline Target current_target() {
  const int chosen = detail::chosen_target.load(std::memory_order_relaxed);
  return chosen >= 0 ? static_cast<Target>(chosen) : detail::choose_target();
}

}  // namespace talweg::simd
