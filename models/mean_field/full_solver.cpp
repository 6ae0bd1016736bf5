#include "models/mean_field/full_solver.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/error.h"

namespace talweg::mean_field {

FullSolver::FullSolver(Problem problem, FullStart start, Integrator integrator, std::size_t rows)
    : problem_(std::move(problem)),
      integrator_(integrator),
      m_(static_cast<std::size_t>(problem_.width)),
      k_(problem_.target.directions()),
      room_(rows) {
  if (m_ < 1 || start.second_layer.size() != m_ || start.overlaps.size() != m_)
    throw ConfigError(fmt::format("a start of {} neurons needs as many second-layer weights and rows of overlaps", m_));
  if (start.target.empty()) start.target.assign(m_, std::vector<double>(k_, 0));
  c_.assign(room_ * room_ * m_ * m_, 0);
  r_ = c_;
  r_a_.assign(room_ * room_, 0);
  c_a_ = r_a_;
  for (std::size_t i = 0; i < m_; ++i) {
    if (start.overlaps[i].size() != m_ || std::abs(start.overlaps[i][i] - 1) > 1e-12)
      throw ConfigError("overlaps at the start are a square matrix with ones on its diagonal");
    for (std::size_t j = 0; j < m_; ++j) {
      if (std::abs(start.overlaps[i][j]) > 1 || start.overlaps[i][j] != start.overlaps[j][i])
        throw ConfigError("overlaps at the start are symmetric and lie between -1 and 1");
      c_[at(i, j, 0, 0)] = start.overlaps[i][j];
    }
  }
  a_.push_back(start.second_layer);
  v_.push_back(start.target);
  nu_.assign(m_, 0);
  a_drift_.assign(m_, 0);
}

void FullSolver::set_c(std::size_t i, std::size_t j, std::size_t t, std::size_t s, double value) {
  c_[at(i, j, t, s)] = value;
  c_[at(j, i, s, t)] = value;
}

/// (n/d)/m·a_i·⟨∇φ̂(v_i), v⟩·∫R_A.
double FullSolver::force(std::size_t i, const std::vector<double>& v) const {
  double sum = 0;
  for (std::size_t d = 0; d < k_; ++d) sum += gradients_[i][d] * v[d];
  return problem_.samples / problem_.width * a_[rows_ - 1][i] * sum * integral_;
}

FullSolver::Point FullSolver::measure() {
  const std::size_t k = rows_ - 1;
  const double m = problem_.width, ratio = problem_.samples / m;
  const std::vector<double>& now = a_[k];
  const auto sigma_c = [&](std::size_t t, std::size_t s) {
    double sum = problem_.noise * problem_.noise + problem_.target.squared_norm();
    for (std::size_t i = 0; i < m_; ++i) {
      sum -= (a_[t][i] * problem_.target.covariance(v_[t][i].data()) +
              a_[s][i] * problem_.target.covariance(v_[s][i].data())) /
             m;
      for (std::size_t j = 0; j < m_; ++j) sum += a_[t][i] * a_[s][j] * problem_.covariance(c(i, j, t, s)) / (m * m);
    }
    return sum;
  };
  std::vector<double> sr(k + 1, 0), sc(k + 1, 0);
  for (std::size_t s = 0; s <= k; ++s) {
    sc[s] = sigma_c(k, s);
    for (std::size_t i = 0; i < m_; ++i)
      for (std::size_t j = 0; j < m_; ++j)
        sr[s] += now[i] * a_[s][j] * problem_.covariance.first(c(i, j, k, s)) * r(i, j, k, s) / (m * m);
  }
  const auto residual = [&](std::vector<double>& x, std::size_t t, std::size_t s) -> double& {
    return x[t * room_ + s];
  };
  for (std::size_t l = 0; l <= k; ++l) {
    residual(r_a_, k, l) = l == k;
    for (std::size_t s = l; s < k; ++s) residual(r_a_, k, l) -= sr[s] * residual(r_a_, s, l);
  }
  for (std::size_t l = 0; l <= k; ++l) {
    double sum = 0;
    for (std::size_t s = 0; s <= l; ++s) sum += sc[s] * residual(r_a_, l, s);
    for (std::size_t s = 0; s < k; ++s) sum += sr[s] * residual(c_a_, s, l);
    residual(c_a_, k, l) = residual(c_a_, l, k) = -sum;
  }
  integral_ = 0;
  for (std::size_t s = 0; s <= k; ++s) integral_ += residual(r_a_, k, s);
  gradients_.assign(m_, std::vector<double>(k_, 0));
  for (std::size_t i = 0; i < m_; ++i) problem_.target.gradient(v_[k][i].data(), gradients_[i].data());

  m_r_.assign((k + 1) * m_ * m_, 0);
  m_c_ = m_r_;
  for (std::size_t i = 0; i < m_; ++i) {
    nu_[i] = force(i, v_[k][i]);
    double drift = -integral_ * problem_.target.covariance(v_[k][i].data());
    for (std::size_t s = 0; s <= k; ++s)
      for (std::size_t j = 0; j < m_; ++j) {
        const Jet<double> jet = problem_.covariance.at(c(i, j, k, s));
        const double ra = residual(r_a_, k, s), ca = residual(c_a_, k, s), response = r(i, j, k, s);
        const double scale = ratio * now[i] * a_[s][j];
        double& mr = m_r_[(s * m_ + i) * m_ + j];
        double& mc = m_c_[(s * m_ + i) * m_ + j];
        mr = scale * (ra * jet.first + ca * jet.second * response);
        mc = scale * ca * jet.first;
        nu_[i] -= (mr * c(i, j, k, s) + mc * response) / m;
        drift += (ra * a_[s][j] * jet.value + ca * a_[s][j] * jet.first * response) / m;
      }
    a_drift_[i] = -ratio * problem_.second_layer_rate * drift;
  }

  Point point;
  point.t = t_.back();
  point.train = -residual(c_a_, k, k) / 2;
  point.test = sc[k] / 2;
  point.a = now;
  point.nu = nu_;
  point.v = v_[k];
  for (std::size_t i = 0; i < m_; ++i) {
    point.first.push_back(c(i, i, k, 0));
    point.overlaps.emplace_back();
    for (std::size_t j = 0; j < m_; ++j) point.overlaps.back().push_back(c(i, j, k, k));
  }
  if (!std::isfinite(point.train) || !std::isfinite(point.test) || point.train < -1e-9 * (1 + point.test))
    throw TrainingError(
        fmt::format("t = {:.6g}: the training error came out as {:.6g}; take a shorter step", point.t, point.train));
  return point;
}

void FullSolver::advance(double eta) {
  const std::size_t k = rows_ - 1;
  const double m = problem_.width;
  if (rows_ == room_) throw ConfigError(fmt::format("the solver was made for {} rows", room_));
  c_drift_.assign((k + 1) * m_ * m_, 0);
  r_drift_ = c_drift_;
  for (std::size_t s = 0; s <= k; ++s)
    for (std::size_t i = 0; i < m_; ++i)
      for (std::size_t j = 0; j < m_; ++j) {
        double drift = force(i, v_[s][j]), response = 0;
        for (std::size_t u = 0; u <= k; ++u)
          for (std::size_t l = 0; l < m_; ++l) {
            const double mr = m_r_[(u * m_ + i) * m_ + l], mc = m_c_[(u * m_ + i) * m_ + l];
            drift -= mr * c(l, j, u, s) / m;
            if (u < s) drift -= mc * r(j, l, s, u) / m;
            if (u > s) response -= mr * r(l, j, u, s) / m;
          }
        c_drift_[(s * m_ + i) * m_ + j] = drift;
        r_drift_[(s * m_ + i) * m_ + j] = response;
      }
  v_drift_.assign(m_, std::vector<double>(k_, 0));
  for (std::size_t i = 0; i < m_; ++i)
    for (std::size_t d = 0; d < k_; ++d) {
      v_drift_[i][d] = problem_.samples / m * a_[k][i] * gradients_[i][d] * integral_;
      for (std::size_t u = 0; u <= k; ++u)
        for (std::size_t l = 0; l < m_; ++l) v_drift_[i][d] -= m_r_[(u * m_ + i) * m_ + l] * v_[u][l][d] / m;
    }
  if (integrator_ == Integrator::paper_euler)
    step_euler(eta);
  else
    step_descent(eta);
  std::vector<double> next = a_[k];
  for (std::size_t i = 0; i < m_; ++i) next[i] += eta * a_drift_[i];
  a_.push_back(next);
  t_.push_back(t_.back() + eta);
  ++rows_;
}

void FullSolver::step_euler(double eta) {
  const std::size_t k = rows_ - 1;
  v_.push_back(v_[k]);
  for (std::size_t i = 0; i < m_; ++i) {
    for (std::size_t d = 0; d < k_; ++d) v_[k + 1][i][d] += eta * (v_drift_[i][d] - nu_[i] * v_[k][i][d]);
    for (std::size_t s = 0; s <= k; ++s)
      for (std::size_t j = 0; j < m_; ++j) {
        const std::size_t here = (s * m_ + i) * m_ + j;
        set_c(i, j, k + 1, s, c(i, j, k, s) + eta * (c_drift_[here] - nu_[i] * c(i, j, k, s)));
        r_[at(i, j, k + 1, s)] =
            s == k ? (i == j ? eta : 0) : r(i, j, k, s) + eta * (r_drift_[here] - nu_[i] * r(i, j, k, s));
      }
  }
  for (std::size_t i = 0; i < m_; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      set_c(i, j, k + 1, k + 1, i == j ? 1 : c(i, j, k + 1, k) + c(j, i, k + 1, k) - c(i, j, k, k));
}

void FullSolver::step_descent(double eta) {
  const std::size_t k = rows_ - 1;
  const double m = problem_.width;
  // Rows before the projection, then their products with each other.
  std::vector<double> row((k + 1) * m_ * m_), response((k + 1) * m_ * m_);
  for (std::size_t s = 0; s <= k; ++s)
    for (std::size_t i = 0; i < m_; ++i)
      for (std::size_t j = 0; j < m_; ++j) {
        const std::size_t here = (s * m_ + i) * m_ + j;
        row[here] = c(i, j, k, s) + eta * c_drift_[here];
        response[here] = s == k ? (i == j ? eta : 0) : r(i, j, k, s) + eta * r_drift_[here];
      }
  std::vector<std::vector<double>> v = v_[k];
  for (std::size_t i = 0; i < m_; ++i)
    for (std::size_t d = 0; d < k_; ++d) v[i][d] += eta * v_drift_[i][d];
  std::vector<double> corner(m_ * m_);
  for (std::size_t i = 0; i < m_; ++i)
    for (std::size_t j = 0; j < m_; ++j) {
      double drift = force(i, v[j]);
      for (std::size_t u = 0; u <= k; ++u)
        for (std::size_t l = 0; l < m_; ++l)
          drift -= (m_r_[(u * m_ + i) * m_ + l] * row[(u * m_ + j) * m_ + l] +
                    m_c_[(u * m_ + i) * m_ + l] * response[(u * m_ + j) * m_ + l]) /
                   m;
      corner[i * m_ + j] = row[(k * m_ + j) * m_ + i] + eta * drift;
    }
  std::vector<double> norm(m_);
  for (std::size_t i = 0; i < m_; ++i) norm[i] = std::sqrt(corner[i * m_ + i]);
  for (std::size_t i = 0; i < m_; ++i) {
    for (double& component : v[i]) component /= norm[i];
    for (std::size_t s = 0; s <= k; ++s)
      for (std::size_t j = 0; j < m_; ++j) {
        set_c(i, j, k + 1, s, row[(s * m_ + i) * m_ + j] / norm[i]);
        r_[at(i, j, k + 1, s)] = response[(s * m_ + i) * m_ + j] / norm[i];
      }
  }
  v_.push_back(v);
  for (std::size_t i = 0; i < m_; ++i)
    for (std::size_t j = 0; j < m_; ++j) c_[at(i, j, k + 1, k + 1)] = corner[i * m_ + j] / (norm[i] * norm[j]);
}

}  // namespace talweg::mean_field
