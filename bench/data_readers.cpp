// Bytes per second of the text readers.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "core/data/csv.h"
#include "core/data/libsvm.h"
#include "core/random/random_streams.h"

namespace {

/// 1,797 examples of 64 small integers, like the digits.
std::string table(const char* pair, const char* separator) {
  talweg::RandomGenerator random(1);
  std::string text;
  for (int row = 0; row < 1797; ++row) {
    if (*separator == ' ') text += fmt::format("{}", random.below(10));
    for (int column = 0; column < 64; ++column) {
      if (*separator == ' ') text += separator;
      text += *pair ? fmt::format("{}:{}", column + 1, random.below(17)) : fmt::format("{}", random.below(17));
      if (*separator == ',') text += separator;
    }
    text += *separator == ',' ? fmt::format("{}\n", random.below(10)) : "\n";
  }
  return text;
}

void csv(benchmark::State& state) {
  const std::string text = table("", ",");
  for (auto _ : state) benchmark::DoNotOptimize(talweg::data::parse_csv(text, "bench", {}));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(csv);

void libsvm(benchmark::State& state) {
  const std::string text = table(":", " ");
  for (auto _ : state) benchmark::DoNotOptimize(talweg::data::parse_libsvm(text, "bench"));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(libsvm);

}  // namespace

BENCHMARK_MAIN();
