#include "tasks/black_box/function_oracle.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

namespace talweg::tasks {
namespace {

/// Values that are worth a thread of their own.
constexpr std::int64_t kGrain = 4096;

}  // namespace

std::vector<OracleVariable> FunctionOracle::variables() const {
  std::vector<OracleVariable> variables;
  for (const double x : start()) variables.push_back({.name = fmt::format("x{}", variables.size() + 1), .start = x});
  return variables;
}

void FunctionOracle::observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds,
                             double* values) {
  const auto d = static_cast<std::int64_t>(start().size());
  const std::int64_t draws = static_cast<std::int64_t>(seeds.size()) / m;
  at::parallel_for(0, m, std::max<std::int64_t>(1, kGrain / draws), [&](std::int64_t begin, std::int64_t end) {
    double* value_of = values + begin * draws;
    standard_noise(noise_.shape, seeds.data() + begin * draws, static_cast<std::size_t>((end - begin) * draws), 1,
                   value_of);
    for (std::int64_t i = begin; i < end; ++i) {
      const double exact = value(points + i * d);
      for (std::int64_t j = 0; j < draws; ++j, ++value_of) *value_of = with_noise(noise_, exact, *value_of);
    }
  });
}

}  // namespace talweg::tasks
