#pragma once

#include <cstdint>

// Gates on a tile: amplitudes of m qubits as two arrays of real numbers in cache, real and imaginary parts apart. A
// tile is a whole state of few qubits, a part of a large one, or a whole state of several circuits side by side, one a
// lane.

namespace talweg::models::quantum {

/// A 2 × 2 matrix on bit `target` of the index in the tile, where the bits of `controls` have the values `wanted`.
struct TileGate {
  enum class Kind { matrix, exchange, matrix4 } kind = Kind::matrix;
  int target = 0;
  int second = 0;                          ///< of matrix4: the less significant bit of the pair; no controls then
  std::uint64_t controls = 0, wanted = 0;  ///< bits of the index in the tile
  std::int64_t coefficients = 0;           ///< where its matrix begins, in numbers of 8 (re, im by rows); matrix4: 32
  std::int64_t sums = -1;                  ///< where its three sums begin, in numbers of 3; −1: none are wanted
};

/// Numbers of type T: amplitudes of 2^bits basis states, and of `lanes` circuits innermost; lanes is 1 or lane_width().
template <class T>
struct Tile {
  int bits = 0;
  std::int64_t lanes = 1;
  T *real = nullptr, *imaginary = nullptr;
};

/// Circuits that a vector of the current target holds side by side.
std::int64_t lane_width(float);
std::int64_t lane_width(double);

/// ket ← U_g … U_1 ket. Coefficients are [number, lanes].
void apply_gates(const TileGate* gates, std::int64_t count, const float* coefficients, Tile<float> ket);
void apply_gates(const TileGate* gates, std::int64_t count, const double* coefficients, Tile<double> ket);

/// Undoes the gates, last first, on both: ket ← U† ket, bra ← U† bra. Before a gate with sums is undone,
/// Im⟨bra|P|ket⟩ on its target, where its controls have their values, is added to them for P = X, Y, Z: sums are
/// [number, lanes].
void undo_gates(const TileGate* gates, std::int64_t count, const float* coefficients, Tile<float> ket, Tile<float> bra,
                double* sums);
void undo_gates(const TileGate* gates, std::int64_t count, const double* coefficients, Tile<double> ket,
                Tile<double> bra, double* sums);

/// Amplitudes (re, im) of `runs` runs of `length` basis states, `distances` [runs] apart from `state` in amplitudes, to
/// a tile of one lane and back.
void gather(const float* state, const std::int64_t* distances, std::int64_t runs, std::int64_t length, Tile<float> to);
void gather(const double* state, const std::int64_t* distances, std::int64_t runs, std::int64_t length,
            Tile<double> to);
void scatter(Tile<float> from, const std::int64_t* distances, std::int64_t runs, std::int64_t length, float* state);
void scatter(Tile<double> from, const std::int64_t* distances, std::int64_t runs, std::int64_t length, double* state);

}  // namespace talweg::models::quantum
