#pragma once

#include <utility>

#include "core/simd/target.h"

// One source, compiled for every target. A kernel is a struct with a static function template `run<Units>(arguments…)`,
// marked TALWEG_INLINE as everything is that it calls; Units says how wide the vectors are.
// `dispatch<Kernel>(arguments…)` runs the version of the current target:
//
//   struct Scale {
//     template <class Units>
//     TALWEG_INLINE static void run(float factor, std::int64_t count, float* x) {
//       using V = simd::Vector<Units, float>;
//       …
//     }
//   };
//   void scale(float factor, std::int64_t count, float* x) { simd::dispatch<Scale>(factor, count, x); }

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TALWEG_X86_TARGETS 1
#else
#define TALWEG_X86_TARGETS 0
#endif
#define TALWEG_INLINE __attribute__((always_inline)) inline

namespace talweg::simd {

/// The means of a kernel on a target: bytes of a vector register, and how many there are.
struct Baseline {
  static constexpr int bytes = 16;
#if defined(__aarch64__)
  static constexpr int registers = 32;
#else
  static constexpr int registers = 16;
#endif
};
struct Avx2 {
  static constexpr int bytes = 32, registers = 16;
};
struct Avx512 {
  static constexpr int bytes = 64, registers = 32;
};
constexpr int kWidestVector = 64;

namespace detail {

template <class Kernel, class... Arguments>
using Result = decltype(Kernel::template run<Baseline>(std::declval<Arguments>()...));

template <class Kernel, class... Arguments>
Result<Kernel, Arguments...> run_baseline(Arguments... arguments) {
  return Kernel::template run<Baseline>(arguments...);
}
#if TALWEG_X86_TARGETS
template <class Kernel, class... Arguments>
__attribute__((target("arch=x86-64-v3"))) Result<Kernel, Arguments...> run_avx2(Arguments... arguments) {
  return Kernel::template run<Avx2>(arguments...);
}
template <class Kernel, class... Arguments>
__attribute__((target("arch=x86-64-v4"))) Result<Kernel, Arguments...> run_avx512(Arguments... arguments) {
  return Kernel::template run<Avx512>(arguments...);
}
#endif
template <class Kernel, class... Arguments>
Result<Kernel, Arguments...> run_first(Arguments... arguments);

/// By target, after what runs while none is chosen: a call costs one load and one jump.
template <class Kernel, class... Arguments>
inline constexpr Result<Kernel, Arguments...> (*kVersions[])(Arguments...) = {
    run_first<Kernel, Arguments...>,
    run_baseline<Kernel, Arguments...>,
#if TALWEG_X86_TARGETS
    run_avx2<Kernel, Arguments...>,
    run_avx512<Kernel, Arguments...>,
#endif
};

template <class Kernel, class... Arguments>
Result<Kernel, Arguments...> run_first(Arguments... arguments) {
  return kVersions<Kernel, Arguments...>[1 + static_cast<int>(current_target())](arguments...);
}

}  // namespace detail

/// Kernel::run as compiled for the current target. Arguments are passed by value.
template <class Kernel, class... Arguments>
auto dispatch(Arguments... arguments) {
  return detail::kVersions<Kernel, Arguments...>[1 + detail::chosen_target.load(std::memory_order_relaxed)](
      arguments...);
}

}  // namespace talweg::simd
