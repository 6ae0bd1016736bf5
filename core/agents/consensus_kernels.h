#pragma once

#include <cstdint>

// Passes over the parameters that consensus makes, for float and double in contiguous memory. No LibTorch in here: the
// file has compiler options of its own.

namespace talweg::agents {

/// Entries of one tensor in a pass that adds a term to a gradient. Null pointers stand for what is not there.
template <class T>
struct TermEntries {
  const T* theta;
  T* gradient;
  const T* linear;     ///< p
  const T* centre;     ///< z
  const T* curvature;  ///< c; null: `uniform`
  T uniform;
  T scale;    ///< on the gradient as it is
  T* counts;  ///< raised by one where the gradient as it is is not zero
};
/// g ← scale·g + p + c(θ − z) over `n` entries. Returns Σ pθ + ½c(θ − z)².
template <class T>
double add_term(std::int64_t n, const TermEntries<T>& entries);

/// A neighbour's copy in a round, or where to find the entries of one tensor of it.
template <class T>
struct CopyEntries {
  const T* theta;   ///< θ_j
  const T* counts;  ///< u_j
  T* edge_dual;     ///< p_ij of a dual per edge; null: there is none
  T slope, offset;  ///< weights are max(floor, slope·u + offset)
  bool moves_dual;  ///< whether the dual takes in this copy
};
/// The agent's own side of a round.
template <class T>
struct OwnEntries {
  const T* theta;    ///< θ_i as it was sent
  const T* counts;   ///< u_i; null: all weights are 1
  T* dual;           ///< p_i; null: there is no dual
  T* centre;         ///< z, is written
  T* curvature;      ///< 2ρΣW, is written; null: it is uniform
  T penalty;         ///< ρ
  T floor;           ///< the least weight
  bool dual_is_sum;  ///< p_i is the sum of the edge duals that move, and is made anew
};
/// Moves the dual and places the target over `n` entries. Returns the constant of the penalty, ρ Σ_j W_ij (z_ij − z)².
template <class T>
double retarget(std::int64_t n, const OwnEntries<T>& own, const CopyEntries<T>* copies, std::int64_t degree);

/// The least and the largest sum of two counts.
template <class T>
struct CountRange {
  T least, largest;
};
template <class T>
CountRange<T> range_of_sums(std::int64_t n, const T* own, const T* other);

}  // namespace talweg::agents
