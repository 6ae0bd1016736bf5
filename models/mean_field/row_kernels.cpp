#include "models/mean_field/row_kernels.h"

#include "core/simd/lanes.h"
#include "models/mean_field/lower_triangle.h"
#include "models/mean_field/triangle_sweep.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::mean_field {
namespace {

using Lanes = simd::Lanes<double>;
constexpr std::size_t kLanes = simd::lane_count<double>;
static_assert(kLanes == LowerTriangle::kLanes);

TALWEG_INLINE void get(const double* from, std::size_t s, Lanes& lanes) {
  __builtin_memcpy(&lanes, from + s, sizeof(lanes));
}
TALWEG_INLINE void get(const std::vector<double>& from, std::size_t s, Lanes& lanes) {
  get(from.data(), s, lanes);
}
TALWEG_INLINE void put(const Lanes& lanes, std::vector<double>& to, std::size_t s) {
  __builtin_memcpy(to.data() + s, &lanes, sizeof(lanes));
}

}  // namespace

void RowWork::resize(std::size_t n) {
  const std::size_t length = padded_count(n);
  for (std::vector<double>* array : {&first_diagonal, &first_off, &second_diagonal, &second_off, &covariance, &response,
                                     &sigma_r, &sigma_c, &r_a, &c_a, &m_r_s, &m_r_d, &m_c_s, &m_c_d})
    array->assign(length, 0);
}

TALWEG_VECTOR_CLONES void pair_row(const RowConstants& row, std::size_t n, const double* c_s, const double* c_d,
                                   const double* r_s, const double* r_d, const double* a, const double* a_target,
                                   RowWork& work) {
  for (std::size_t s = 0; s < n; s += kLanes) {
    Lanes covariance_s, covariance_d, response_s, response_d, then, then_target, sigma_r, sigma_c;
    get(c_s, s, covariance_s);
    get(c_d, s, covariance_d);
    get(r_s, s, response_s);
    get(r_d, s, response_d);
    get(a, s, then);
    get(a_target, s, then_target);
    PairElement<Lanes> pair;
    pair_element(row, covariance_s, covariance_d, response_s, response_d, pair);
    residual_element(row, pair, then, then_target, sigma_r, sigma_c);
    put(pair.first_diagonal, work.first_diagonal, s);
    put(pair.first_off, work.first_off, s);
    put(pair.second_diagonal, work.second_diagonal, s);
    put(pair.second_off, work.second_off, s);
    put(pair.covariance, work.covariance, s);
    put(pair.response, work.response, s);
    put(sigma_r, work.sigma_r, s);
    put(sigma_c, work.sigma_c, s);
  }
}

TALWEG_VECTOR_CLONES void memory_row(const RowConstants& row, std::size_t n, const double* a, RowWork& work) {
  for (std::size_t s = 0; s < n; s += kLanes) {
    PairElement<Lanes> pair;
    Lanes then, r_a, c_a;
    get(work.first_diagonal, s, pair.first_diagonal);
    get(work.first_off, s, pair.first_off);
    get(work.second_diagonal, s, pair.second_diagonal);
    get(work.second_off, s, pair.second_off);
    get(a, s, then);
    get(work.r_a, s, r_a);
    get(work.c_a, s, c_a);
    MemoryElement<Lanes> memory;
    memory_element(row, pair, then, r_a, c_a, memory);
    put(memory.response_s, work.m_r_s, s);
    put(memory.response_d, work.m_r_d, s);
    put(memory.covariance_s, work.m_c_s, s);
    put(memory.covariance_d, work.m_c_d, s);
  }
}

}  // namespace talweg::mean_field
