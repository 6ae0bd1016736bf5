#include "core/simd/target.h"

#include <cstdlib>
#include <utility>

#include "core/error.h"
#include "core/simd/dispatch.h"

namespace talweg::simd {
namespace {

constexpr std::pair<Target, const char*> kNames[] = {
    {Target::baseline, "baseline"}, {Target::avx2, "avx2"}, {Target::avx512, "avx512"}};

}  // namespace

const char* name_of(Target target) {
  for (const auto& [one, name] : kNames)
    if (one == target) return name;
  return "";
}

std::vector<Target> available_targets() {
  std::vector<Target> targets{Target::baseline};
#if TALWEG_X86_TARGETS
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("x86-64-v3")) return targets;
  targets.push_back(Target::avx2);
  if (__builtin_cpu_supports("x86-64-v4")) targets.push_back(Target::avx512);
#endif
  return targets;
}

Target target_capped_by(const std::string& name) {
  const std::vector<Target> available = available_targets();
  if (name.empty()) return available.back();
  std::string valid;
  for (const auto& [cap, its_name] : kNames) {
    if (name == its_name) {
      Target best = available.front();
      for (const Target target : available)
        if (target <= cap) best = target;
      return best;
    }
    valid += (valid.empty() ? "" : ", ") + std::string(its_name);
  }
  throw UsageError("TALWEG_VECTORS is '" + name + "'; it may be " + valid +
                   ", or unset for the widest vectors that the processor has");
}

namespace detail {

std::atomic<int> chosen_target{-1};

Target choose_target() {
  const char* cap = std::getenv("TALWEG_VECTORS");
  const Target target = target_capped_by(cap ? cap : "");
  chosen_target.store(static_cast<int>(target), std::memory_order_relaxed);
  return target;
}

}  // namespace detail

}  // namespace talweg::simd
