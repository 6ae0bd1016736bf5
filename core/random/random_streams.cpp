#include "core/random/random_streams.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace talweg {
namespace {

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t RandomGenerator::next() {
  return mix(state_ += 0x9E3779B97F4A7C15ULL);
}

std::uint64_t RandomGenerator::below(std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * bound;
  auto low = static_cast<std::uint64_t>(product);
  if (low < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (low < threshold) {
      product = static_cast<Wide>(next()) * bound;
      low = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double RandomGenerator::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

double RandomGenerator::normal() {
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::uint64_t RandomStreams::seed_of(std::string_view name, std::uint64_t counter) const {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a of the name
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return mix(mix(mix(seed_ + 0x9E3779B97F4A7C15ULL) ^ hash) + counter * 0x9E3779B97F4A7C15ULL);
}

std::vector<std::int64_t> random_permutation(std::int64_t n, RandomGenerator generator) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[generator.below(i)]);
  return order;
}

}  // namespace talweg
