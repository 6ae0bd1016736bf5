#include "models/mean_field/row_kernels.h"

#include "core/simd/lanes.h"
#include "models/mean_field/lower_triangle.h"
#include "models/mean_field/triangle_sweep.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::mean_field {
namespace {

// Rows are filled up to whole vectors of every target.
static_assert(LowerTriangle::kLanes * sizeof(double) % simd::kWidestVector == 0);

template <class V>
TALWEG_INLINE void get(const double* from, std::size_t s, V& lanes) {
  simd::load(from + s, lanes);
}
template <class V>
TALWEG_INLINE void get(const std::vector<double>& from, std::size_t s, V& lanes) {
  simd::load(from.data() + s, lanes);
}
template <class V>
TALWEG_INLINE void put(const V& lanes, std::vector<double>& to, std::size_t s) {
  simd::store(lanes, to.data() + s);
}

struct PairRow {
  template <class Units>
  TALWEG_INLINE static void run(const RowConstants* row, std::size_t n, const double* c_s, const double* c_d,
                                const double* r_s, const double* r_d, const double* a, const double* a_target,
                                RowWork* work) {
    using V = simd::Vector<Units, double>;
    for (std::size_t s = 0; s < n; s += static_cast<std::size_t>(simd::lane_count<V>)) {
      V covariance_s, covariance_d, response_s, response_d, then, then_target, sigma_r, sigma_c;
      get(c_s, s, covariance_s);
      get(c_d, s, covariance_d);
      get(r_s, s, response_s);
      get(r_d, s, response_d);
      get(a, s, then);
      get(a_target, s, then_target);
      PairElement<V> pair;
      pair_element(*row, covariance_s, covariance_d, response_s, response_d, pair);
      residual_element(*row, pair, then, then_target, sigma_r, sigma_c);
      put(pair.first_diagonal, work->first_diagonal, s);
      put(pair.first_off, work->first_off, s);
      put(pair.second_diagonal, work->second_diagonal, s);
      put(pair.second_off, work->second_off, s);
      put(pair.covariance, work->covariance, s);
      put(pair.response, work->response, s);
      put(sigma_r, work->sigma_r, s);
      put(sigma_c, work->sigma_c, s);
    }
  }
};

struct MemoryRow {
  template <class Units>
  TALWEG_INLINE static void run(const RowConstants* row, std::size_t n, const double* a, RowWork* work) {
    using V = simd::Vector<Units, double>;
    for (std::size_t s = 0; s < n; s += static_cast<std::size_t>(simd::lane_count<V>)) {
      PairElement<V> pair;
      V then, r_a, c_a;
      get(work->first_diagonal, s, pair.first_diagonal);
      get(work->first_off, s, pair.first_off);
      get(work->second_diagonal, s, pair.second_diagonal);
      get(work->second_off, s, pair.second_off);
      get(a, s, then);
      get(work->r_a, s, r_a);
      get(work->c_a, s, c_a);
      MemoryElement<V> memory;
      memory_element(*row, pair, then, r_a, c_a, memory);
      put(memory.response_s, work->m_r_s, s);
      put(memory.response_d, work->m_r_d, s);
      put(memory.covariance_s, work->m_c_s, s);
      put(memory.covariance_d, work->m_c_d, s);
    }
  }
};

}  // namespace

void RowWork::resize(std::size_t n) {
  const std::size_t length = padded_count(n);
  for (std::vector<double>* array : {&first_diagonal, &first_off, &second_diagonal, &second_off, &covariance, &response,
                                     &sigma_r, &sigma_c, &r_a, &c_a, &m_r_s, &m_r_d, &m_c_s, &m_c_d})
    array->assign(length, 0);
}

void pair_row(const RowConstants& row, std::size_t n, const double* c_s, const double* c_d, const double* r_s,
              const double* r_d, const double* a, const double* a_target, RowWork& work) {
  simd::dispatch<PairRow>(&row, n, c_s, c_d, r_s, r_d, a, a_target, &work);
}

void memory_row(const RowConstants& row, std::size_t n, const double* a, RowWork& work) {
  simd::dispatch<MemoryRow>(&row, n, a, &work);
}

}  // namespace talweg::mean_field
