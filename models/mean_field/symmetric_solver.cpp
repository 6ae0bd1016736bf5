#include "models/mean_field/symmetric_solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/mean_field/triangle_rows.h"

namespace talweg::mean_field {
namespace {

/// The share of the scale of e_tr that rounding may take below zero.
constexpr double kRounding = 1e-9;

double dot(const std::vector<double>& x, const std::vector<double>& y, std::size_t count) {
  return dot_product(x.data(), y.data(), count);
}

}  // namespace

double stiff_rate(const Problem& problem, double a, double off) {
  const double share = a / problem.width;
  return problem.samples * share * share *
         ((problem.width - 1) * problem.covariance.first(off) + problem.covariance.first(1));
}

double largest_stable_step(const Problem& problem, Integrator integrator, double rate) {
  if (integrator == Integrator::paper_euler) return 1 / rate;
  const double edge = 1 + 1 / std::sqrt(problem.samples);
  return 2 / (rate * edge * edge);
}

SymmetricSolver::SymmetricSolver(Problem problem, Integrator integrator, Parallel parallel)
    : problem_(std::move(problem)), integrator_(integrator), parallel_(std::move(parallel)) {
  if (!(problem_.width >= 1)) throw ConfigError("the width m must be at least 1");
  if (!(problem_.samples > 0)) throw ConfigError("samples per input dimension n/d must be above 0");
  if (!(problem_.noise >= 0)) throw ConfigError("the noise τ must not be negative");
  const std::size_t k = problem_.target.directions();
  gradient_.assign(k, 0);
  const double one = 1, zero = 0;
  state_.c_s.append(&one);
  state_.c_d.append(&one);
  state_.r_s.append(&zero);
  state_.r_d.append(&zero);
  state_.t = {0};
  state_.v.assign(k, 0);
  state_.a = {problem_.second_layer};
  state_.a_target = {problem_.second_layer * problem_.target.covariance(state_.v.data())};
  state_.rows = 1;
  state_.a.resize(padded_count(1), 0);
  state_.a_target.resize(padded_count(1), 0);
}

void SymmetricSolver::reserve(std::size_t rows) {
  for (LowerTriangle* matrix : {&state_.c_s, &state_.c_d, &state_.r_s, &state_.r_d, &state_.r_a, &state_.c_a})
    matrix->reserve(rows);
}

std::vector<double> SymmetricSolver::overlap() const {
  return {state_.v.end() - static_cast<std::ptrdiff_t>(problem_.target.directions()), state_.v.end()};
}

const Observables& SymmetricSolver::measure() {
  const std::size_t n = state_.rows, last = n - 1, k = problem_.target.directions();
  const double m = problem_.width;
  work_.resize(n);
  const double* v = state_.v.data() + last * k;
  problem_.target.gradient(v, gradient_.data());
  row_.width = m;
  row_.samples = problem_.samples;
  row_.now = state_.a[last];
  row_.constant = problem_.noise * problem_.noise + problem_.target.squared_norm() - state_.a_target[last];
  row_.h = problem_.covariance.coefficients().data();
  row_.h_count = problem_.covariance.coefficients().size();
  pair_row(row_, n, state_.c_s.row(last), state_.c_d.row(last), state_.r_s.row(last), state_.r_d.row(last),
           state_.a.data(), state_.a_target.data(), work_);

  // (1 + Σ_R)R_A = 1 and (1 + Σ_R)C_A = −Σ_C R_Aᵀ, their last rows.
  std::vector<double>&along = along_[0], &along_c = along_[1], &across_c = across_[1];
  for (std::vector<double>* array : {&along, &along_c, &across_c}) array->assign(padded_count(n), 0);
  if (last > 0) {
    std::vector<double>& minus = across_[2];
    minus.assign(padded_count(n), 0);
    for (std::size_t s = 0; s < last; ++s) minus[s] = -work_.sigma_r[s];
    sweep_.run({{&state_.r_a, work_.sigma_c.data(), minus.data(), along.data(), work_.r_a.data()},
                {&state_.c_a, work_.sigma_r.data(), work_.sigma_r.data(), along_c.data(), across_c.data()}},
               last, parallel_);
  }
  work_.r_a[last] += 1;
  for (std::size_t l = 0; l < last; ++l)
    work_.c_a[l] = -(along[l] + along_c[l] + across_c[l] - work_.sigma_r[l] * state_.c_a(l, l));
  work_.c_a[last] = -(dot(work_.r_a, work_.sigma_c, n) + dot(work_.sigma_r, work_.c_a, last));
  state_.r_a.append(work_.r_a.data());
  state_.c_a.append(work_.c_a.data());
  integral_ = 0;
  for (std::size_t s = 0; s < n; ++s) integral_ += work_.r_a[s];
  make_memory();

  Observables seen;
  seen.t = state_.t[last];
  seen.a = row_.now;
  for (std::size_t j = 0; j < k; ++j) seen.v += v[j] * v[j];
  seen.v = std::sqrt(seen.v);
  seen.train = -work_.c_a[last] / 2;
  seen.test = work_.sigma_c[last] / 2;
  seen.off = (state_.c_s(last, last) - state_.c_d(last, last)) / m;
  seen.first = (state_.c_s(last, 0) + (m - 1) * state_.c_d(last, 0)) / m;
  seen.stiffness = stiff_rate(problem_, row_.now, seen.off);
  double slope = 0;
  for (std::size_t j = 0; j < k; ++j) slope += gradient_[j] * v[j];
  // Σ over the m neurons of X·Y is (X_S·Y_S + (m−1)·X_D·Y_D)/m.
  const auto pairs = [&](const std::vector<double>& s_mode, const double* s, const std::vector<double>& d_mode,
                         const double* d) {
    return (dot_product(s_mode.data(), s, n) + (m - 1) * dot_product(d_mode.data(), d, n)) / m;
  };
  seen.nu = problem_.samples / m * slope * row_.now * integral_ -
            (pairs(work_.m_r_s, state_.c_s.row(last), work_.m_r_d, state_.c_d.row(last)) +
             pairs(work_.m_c_s, state_.r_s.row(last), work_.m_c_d, state_.r_d.row(last))) /
                m;
  const double scale = problem_.noise * problem_.noise + problem_.target.squared_norm() + std::abs(seen.test);
  if (!std::isfinite(seen.train) || !std::isfinite(seen.test) || seen.train < -kRounding * scale ||
      seen.test < -kRounding * scale)
    throw TrainingError(fmt::format(
        "t = {:.6g}: the training error came out as {:.6g} and the test error as {:.6g}; the step is too long (or too "
        "much of the past was forgotten) for this "
        "solution: the stable one at its rate λ = {:.4g} is {:.4g}, take half of it",
        seen.t, seen.train, seen.test, seen.stiffness, largest_stable_step(problem_, integrator_, seen.stiffness)));
  observables_.push_back(seen);
  return observables_.back();
}

void SymmetricSolver::make_memory() {
  memory_row(row_, state_.rows, state_.a.data(), work_);
}

void SymmetricSolver::require_stable(double eta) const {
  const double rate = observables_.back().stiffness, limit = largest_stable_step(problem_, integrator_, rate);
  if (eta < limit || beyond_stability_) return;
  throw TrainingError(
      fmt::format("t = {:.6g}: the step {:.4g} is beyond stability: the stiff rate is λ = {:.4g}, so that steps must "
                  "stay below {:.4g}; "
                  "{:.2g} would do here, and less where a(t) grows further",
                  observables_.back().t, eta, rate, limit, 0.8 * limit));
}

void SymmetricSolver::make_drift() {
  const std::size_t n = state_.rows, last = n - 1, length = padded_count(n), k = problem_.target.directions();
  const double m = problem_.width, now = row_.now, ratio = problem_.samples / m;
  for (int i = 0; i < 4; ++i) {
    along_[i].assign(length, 0);
    across_[i].assign(length, 0);
  }
  sweep_.run({{&state_.c_s, work_.m_r_s.data(), work_.m_r_s.data(), along_[0].data(), across_[0].data()},
              {&state_.c_d, work_.m_r_d.data(), work_.m_r_d.data(), along_[1].data(), across_[1].data()},
              {&state_.r_s, work_.m_c_s.data(), work_.m_r_s.data(), along_[2].data(), across_[2].data()},
              {&state_.r_d, work_.m_c_d.data(), work_.m_r_d.data(), along_[3].data(), across_[3].data()}},
             n, parallel_);
  for (std::vector<double>* array : {&drift_.c_s, &drift_.c_d, &drift_.r_s, &drift_.r_d}) array->assign(n, 0);
  for (std::size_t l = 0; l < n; ++l) {
    double force = 0;
    for (std::size_t j = 0; j < k; ++j) force += gradient_[j] * state_.v[l * k + j];
    force *= problem_.samples * now * integral_;
    drift_.c_s[l] = force - (along_[0][l] + across_[0][l] - work_.m_r_s[l] * state_.c_s(l, l) + along_[2][l]) / m;
    drift_.c_d[l] = -(along_[1][l] + across_[1][l] - work_.m_r_d[l] * state_.c_d(l, l) + along_[3][l]) / m;
    drift_.r_s[l] = -across_[2][l] / m;
    drift_.r_d[l] = -across_[3][l] / m;
  }
  drift_.v.assign(k, 0);
  for (std::size_t j = 0; j < k; ++j) {
    double memory = 0;
    for (std::size_t s = 0; s < n; ++s) memory += work_.m_r_s[s] * state_.v[s * k + j];
    drift_.v[j] = ratio * now * gradient_[j] * integral_ - memory / m;
  }
  double overlap = 0, response = 0;
  for (std::size_t s = 0; s < n; ++s) {
    overlap += work_.r_a[s] * state_.a[s] * work_.covariance[s];
    response += work_.c_a[s] * state_.a[s] * work_.response[s];
  }
  const double target = problem_.target.covariance(state_.v.data() + last * k);
  drift_.a = -problem_.second_layer_rate * ratio * ((overlap + response) / m - integral_ * target);
}

void SymmetricSolver::advance(double eta) {
  require_stable(eta);
  make_drift();
  for (std::vector<double>& row : next_) row.assign(state_.rows + 1, 0);
  if (integrator_ == Integrator::paper_euler)
    step_euler(eta);
  else
    step_descent(eta);
}

void SymmetricSolver::step_euler(double eta) {
  const std::size_t n = state_.rows, last = n - 1, k = problem_.target.directions();
  const double m = problem_.width, nu = observables_.back().nu;
  const auto move = [&](std::vector<double>& to, const double* from, const std::vector<double>& drift) {
    for (std::size_t l = 0; l < n; ++l) to[l] = from[l] + eta * (drift[l] - nu * from[l]);
  };
  move(next_[0], state_.c_s.row(last), drift_.c_s);
  move(next_[1], state_.c_d.row(last), drift_.c_d);
  move(next_[2], state_.r_s.row(last), drift_.r_s);
  move(next_[3], state_.r_d.row(last), drift_.r_d);
  next_[2][last] = next_[3][last] = eta;
  const double off = 2 * (next_[0][last] - next_[1][last]) / m - observables_.back().off;
  next_[0][n] = 1 + (m - 1) * off;
  next_[1][n] = 1 - off;
  std::vector<double> v(k);
  for (std::size_t j = 0; j < k; ++j) {
    const double from = state_.v[last * k + j];
    v[j] = from + eta * (drift_.v[j] - nu * from);
  }
  append(eta, v, row_.now + eta * drift_.a);
}

void SymmetricSolver::step_descent(double eta) {
  const std::size_t n = state_.rows, last = n - 1, k = problem_.target.directions();
  const double m = problem_.width;
  const auto move = [&](std::vector<double>& to, const double* from, const std::vector<double>& drift) {
    for (std::size_t l = 0; l < n; ++l) to[l] = from[l] + eta * drift[l];
  };
  move(next_[0], state_.c_s.row(last), drift_.c_s);
  move(next_[1], state_.c_d.row(last), drift_.c_d);
  move(next_[2], state_.r_s.row(last), drift_.r_s);
  move(next_[3], state_.r_d.row(last), drift_.r_d);
  next_[2][last] = next_[3][last] = eta;
  std::vector<double> v(k);
  double force = 0;
  for (std::size_t j = 0; j < k; ++j) {
    v[j] = state_.v[last * k + j] + eta * drift_.v[j];
    force += gradient_[j] * v[j];
  }
  force *= problem_.samples * row_.now * integral_;
  const double corner_s =
      next_[0][last] + eta * (force - (dot(work_.m_r_s, next_[0], n) + dot(work_.m_c_s, next_[2], n)) / m);
  const double corner_d = next_[1][last] - eta * (dot(work_.m_r_d, next_[1], n) + dot(work_.m_c_d, next_[3], n)) / m;
  const double square = (corner_s + (m - 1) * corner_d) / m, norm = std::sqrt(square);
  for (std::vector<double>& row : next_)
    for (double& value : row) value /= norm;
  next_[0][n] = corner_s / square;
  next_[1][n] = corner_d / square;
  for (double& value : v) value /= norm;
  append(eta, v, row_.now + eta * drift_.a);
}

void SymmetricSolver::append(double eta, const std::vector<double>& v, double a) {
  state_.c_s.append(next_[0].data());
  state_.c_d.append(next_[1].data());
  state_.r_s.append(next_[2].data());
  state_.r_d.append(next_[3].data());
  state_.t.push_back(state_.t.back() + eta);
  state_.v.insert(state_.v.end(), v.begin(), v.end());
  const std::size_t row = state_.rows++;
  state_.a.resize(padded_count(state_.rows), 0);
  state_.a_target.resize(padded_count(state_.rows), 0);
  state_.a[row] = a;
  state_.a_target[row] = a * problem_.target.covariance(v.data());
}

}  // namespace talweg::mean_field
