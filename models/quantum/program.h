#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/quantum/circuit.h"
#include "models/quantum/tile_kernel.h"

namespace talweg::models::quantum {

/// A circuit prepared for running: neighbouring gates on the same qubit are one matrix, and gates that act on the
/// qubits of a tile run together while it is in cache. The arithmetic depends on the circuit alone, not on threads.
/// Source: ours.
class Program {
 public:
  explicit Program(const Circuit& circuit);

  std::int64_t qubits() const { return qubits_; }
  std::int64_t parameters() const { return parameters_; }
  /// Passes over the state.
  std::int64_t passes() const { return static_cast<std::int64_t>(passes_.size()); }
  /// Numbers of 8 reals that the matrices take.
  std::int64_t coefficients() const { return coefficients_; }
  /// Gates with sums, which take three numbers each.
  std::int64_t sums() const { return sums_; }

  /// The matrices for these angles [parameters], written `distance` numbers apart.
  template <class T>
  void write_coefficients(const double* angles, T* to, std::int64_t distance) const;
  /// Adds the derivative by the angles that follows from the sums, which lie `distance` apart.
  void add_gradient(const double* angles, const double* sums, std::int64_t distance, double* gradient) const;

  struct Pass {
    std::vector<int> bits;  ///< of the state's index, by bit of the tile's index; the lowest are the state's own
    std::vector<TileGate> gates;
    /// Gate by gate: bits of the index outside of the tile that must have these values.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> outside;
  };
  const std::vector<Pass>& tiles() const { return passes_; }

 private:
  struct Block {
    int target = 0, second = -1;
    std::uint64_t controls = 0, wanted = 0;
    std::vector<Gate> gates;
  };
  void add_gate(const Gate& gate);
  void make_passes();
  TileGate tile_gate(std::size_t block) const;

  std::int64_t qubits_, parameters_, coefficients_ = 0, sums_ = 0;
  std::vector<Block> blocks_;
  std::vector<std::int64_t> coefficient_of_, sums_of_;  // by block
  std::vector<Pass> passes_;
};

/// Bits of the largest tile: its two vectors stay in the second cache.
inline constexpr int kTileBits = 12;
/// Bits of the smallest: a vector of every target fits.
inline constexpr int kLeastTileBits = 4;

}  // namespace talweg::models::quantum
