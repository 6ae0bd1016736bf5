#include "models/mean_field/thinning.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/mean_field/triangle_sweep.h"

namespace talweg::mean_field {
namespace {

/// Lagrange weights at `place` of the nodes t[index].
template <std::size_t Count>
std::array<double, Count> lagrange(const std::vector<double>& t, const std::array<std::size_t, Count>& index,
                                   double place) {
  std::array<double, Count> weights{};
  for (std::size_t i = 0; i < Count; ++i) {
    weights[i] = 1;
    for (std::size_t j = 0; j < Count; ++j)
      if (j != i) weights[i] *= (place - t[index[j]]) / (t[index[i]] - t[index[j]]);
  }
  return weights;
}

using Stencil = std::array<std::size_t, 4>;
Stencil around(std::size_t p) {
  return {p - 2, p - 1, p + 1, p + 2};
}

double entry(const LowerTriangle& matrix, std::size_t i, std::size_t j) {
  return i >= j ? matrix(i, j) : matrix(j, i);
}

/// What an operator makes of a function of the past: g(s) = Σ_l X(s, l)·f(l).
std::vector<double> applied(const LowerTriangle& matrix, const std::vector<double>& f) {
  std::vector<double> result(matrix.rows(), 0);
  for (std::size_t s = 0; s < matrix.rows(); ++s)
    for (std::size_t l = 0; l <= s; ++l) result[s] += matrix(s, l) * f[l];
  return result;
}

/// Estimates the error that dropping a time makes.
class Estimate {
 public:
  explicit Estimate(const TwoTimeState& state) : state_(state), known_(state.r_a.rows()) {
    const std::vector<double> one(state.rows, 1), &a = state.a;
    for (const LowerTriangle* response : {&state.r_s, &state.r_d, &state.r_a})
      for (const std::vector<double>& f : {one, a}) functions_.push_back(applied(*response, f));
    functions_.push_back({a.begin(), a.begin() + static_cast<std::ptrdiff_t>(state.rows)});
    functions_.push_back({state.a_target.begin(), state.a_target.begin() + static_cast<std::ptrdiff_t>(state.rows)});
    const std::size_t k = state.v.size() / state.rows;
    for (std::size_t j = 0; j < k; ++j) {
      std::vector<double> component;
      for (std::size_t s = 0; s < state.rows; ++s) component.push_back(state.v[s * k + j]);
      functions_.push_back(std::move(component));
    }
  }

  /// Relative error at time p; stops early beyond `enough`.
  double operator()(std::size_t p, double enough) const {
    const Stencil nodes = around(p);
    const std::array<double, 4> w = lagrange(state_.t, nodes, state_.t[p]);
    double worst = 0;
    for (const std::vector<double>& f : functions_) {
      double error = f[p], scale = std::abs(f[p]);
      for (std::size_t i = 0; i < 4; ++i) {
        error -= w[i] * f[nodes[i]];
        scale = std::max(scale, std::abs(f[nodes[i]]));
      }
      if (scale > 0) worst = std::max(worst, std::abs(error) / std::max(scale, 1e-3));
    }
    for (std::size_t l = 0; l < known_ && worst <= enough; ++l) {
      const double off_scale = std::max(1.0, state_.c_s(p, p));
      worst = std::max(worst, std::abs(difference(state_.c_s, p, l, nodes, w)) / off_scale);
      worst = std::max(worst, std::abs(difference(state_.c_d, p, l, nodes, w)));
      const double residual = std::sqrt(std::abs(state_.c_a(p, p) * state_.c_a(l, l)));
      if (residual > 0) worst = std::max(worst, std::abs(difference(state_.c_a, p, l, nodes, w)) / residual);
    }
    return worst;
  }

 private:
  static double difference(const LowerTriangle& matrix, std::size_t p, std::size_t l, const Stencil& nodes,
                           const std::array<double, 4>& w) {
    double error = entry(matrix, p, l);
    for (std::size_t i = 0; i < 4; ++i) error -= w[i] * entry(matrix, nodes[i], l);
    return error;
  }

  const TwoTimeState& state_;
  std::size_t known_;
  std::vector<std::vector<double>> functions_;
};

class Removal {
 public:
  Removal(const std::vector<double>& t, std::vector<std::size_t> dropped) : t_(t), dropped_(std::move(dropped)) {
    std::size_t next = 0;
    for (std::size_t s = 0; s < t.size(); ++s) {
      if (next < dropped_.size() && dropped_[next] == s)
        ++next;
      else
        kept_.push_back(s);
    }
  }

  void drop(LowerTriangle& matrix) const { rebuild(matrix, false); }
  void hand_over(LowerTriangle& matrix) const { rebuild(matrix, true); }

  /// Of `width` numbers a time.
  void drop(std::vector<double>& values, std::size_t width) const {
    for (std::size_t i = 0; i < kept_.size(); ++i)
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(kept_[i] * width), width,
                  values.begin() + static_cast<std::ptrdiff_t>(i * width));
    values.resize(kept_.size() * width);
  }

 private:
  void rebuild(LowerTriangle& matrix, bool hand_over) const {
    const std::size_t rows = matrix.rows();
    std::vector<double> row(rows), short_row(rows);
    std::size_t written = 0;
    for (const std::size_t s : kept_) {
      if (s >= rows) break;
      std::copy_n(matrix.row(s), s + 1, row.begin());
      if (hand_over) hand_over_row(row, s);
      for (std::size_t i = 0; i <= written; ++i) short_row[i] = row[kept_[i]];
      matrix.truncate(written);  // rows only move up
      matrix.append(short_row.data());
      ++written;
    }
  }

  void hand_over_row(std::vector<double>& row, std::size_t s) const {
    for (const std::size_t p : dropped_) {
      if (p > s) break;
      const double mass = row[p];
      if (p + 2 <= s) {
        const Stencil nodes = around(p);
        const auto w = lagrange(t_, nodes, t_[p]);
        for (std::size_t i = 0; i < 4; ++i) row[nodes[i]] += w[i] * mass;
      } else {  // the past of time p + 1 ends there
        const std::array<std::size_t, 3> nodes{p - 2, p - 1, p + 1};
        const auto w = lagrange(t_, nodes, t_[p]);
        for (std::size_t i = 0; i < 3; ++i) row[nodes[i]] += w[i] * mass;
      }
    }
  }

  const std::vector<double>& t_;
  std::vector<std::size_t> dropped_, kept_;
};

}  // namespace

std::size_t thin(TwoTimeState& state, const Thinning& thinning) {
  if (state.rows < thinning.recent + 8) return 0;
  const Estimate error(state);
  std::vector<std::size_t> dropped;
  // Times whose neighbours are needed to stand in for another stay in this round.
  for (std::size_t p = 3; p + thinning.recent < state.rows;) {
    if (error(p, thinning.tolerance) <= thinning.tolerance) {
      dropped.push_back(p);
      p += 3;
    } else {
      ++p;
    }
  }
  if (dropped.empty()) return 0;
  const std::vector<double> times = state.t;
  const Removal removal(times, dropped);
  for (LowerTriangle* matrix : {&state.c_s, &state.c_d, &state.c_a}) removal.drop(*matrix);
  for (LowerTriangle* matrix : {&state.r_s, &state.r_d, &state.r_a}) removal.hand_over(*matrix);
  const std::size_t k = state.v.size() / state.rows;
  state.a.resize(state.rows);
  state.a_target.resize(state.rows);
  removal.drop(state.a, 1);
  removal.drop(state.a_target, 1);
  removal.drop(state.t, 1);
  if (k > 0) removal.drop(state.v, k);
  state.rows -= dropped.size();
  state.a.resize(padded_count(state.rows), 0);
  state.a_target.resize(padded_count(state.rows), 0);
  return dropped.size();
}

}  // namespace talweg::mean_field
