#include "models/mean_field/paper_form.h"

#include <cmath>

namespace talweg::mean_field {
namespace {

/// A dense n × n matrix.
class Square {
 public:
  explicit Square(std::size_t n) : n_(n), numbers_(n * n, 0) {}
  double& operator()(std::size_t i, std::size_t j) { return numbers_[i * n_ + j]; }
  double operator()(std::size_t i, std::size_t j) const { return numbers_[i * n_ + j]; }
  std::vector<double> numbers() const { return numbers_; }

 private:
  std::size_t n_;
  std::vector<double> numbers_;
};

}  // namespace

PaperFormSolution solve_paper_form(const Problem& problem, double eta, std::size_t steps) {
  const std::size_t size = steps + 2, directions = problem.target.directions();
  const double m = problem.width, ab = problem.samples;
  const PowerSeries& h = problem.covariance;
  Square cd(size), co(size), rd(size), ro(size), ra(size), ca(size), sr(size), sc(size);
  std::vector<double> a(size, 0), gradient(directions, 0), zero(directions, 0);
  std::vector<std::vector<double>> v(size, zero);
  a[0] = problem.second_layer;
  cd(0, 0) = 1;
  PaperFormSolution solution;
  for (std::size_t k = 0; k <= steps; ++k) {
    for (std::size_t s = 0; s <= k; ++s) {
      const double scale = a[k] * a[s] / m;
      sr(k, s) = eta * scale * (h.first(cd(k, s)) * rd(k, s) + (m - 1) * h.first(co(k, s)) * ro(k, s));
      sc(k, s) = sc(s, k) = problem.noise * problem.noise + problem.target.squared_norm() -
                            a[k] * problem.target.covariance(v[k].data()) -
                            a[s] * problem.target.covariance(v[s].data()) +
                            scale * (h(cd(k, s)) + (m - 1) * h(co(k, s)));
    }
    for (std::size_t l = 0; l <= k; ++l) {
      ra(k, l) = l == k;
      for (std::size_t s = l; s < k; ++s) ra(k, l) -= sr(k, s) * ra(s, l);
    }
    std::vector<double> y(k + 1, 0);
    for (std::size_t u = 0; u <= k; ++u)
      for (std::size_t s = 0; s <= k; ++s) y[u] += ra(k, s) * sc(s, u);
    for (std::size_t l = 0; l <= k; ++l) {
      ca(k, l) = 0;
      for (std::size_t u = 0; u <= l; ++u) ca(k, l) -= ra(l, u) * y[u];
      ca(l, k) = ca(k, l);
    }
    double integral = 0, slope = 0;
    for (std::size_t s = 0; s <= k; ++s) integral += ra(k, s);
    problem.target.gradient(v[k].data(), gradient.data());
    for (std::size_t j = 0; j < directions; ++j) slope += gradient[j] * v[k][j];

    std::vector<double> mrd(k + 1), mro(k + 1), mcd(k + 1), mco(k + 1);
    double nu = ab / m * slope * a[k] * integral, a_drift = 0;
    for (std::size_t s = 0; s <= k; ++s) {
      const double scale = ab / m * a[k] * a[s];
      mrd[s] = scale * (ra(k, s) * h.first(cd(k, s)) + eta * ca(k, s) * h.second(cd(k, s)) * rd(k, s));
      mro[s] = scale * (ra(k, s) * h.first(co(k, s)) + eta * ca(k, s) * h.second(co(k, s)) * ro(k, s));
      mcd[s] = eta * scale * ca(k, s) * h.first(cd(k, s));
      mco[s] = eta * scale * ca(k, s) * h.first(co(k, s));
      nu -= (mrd[s] * cd(k, s) + (m - 1) * mro[s] * co(k, s) + mcd[s] * rd(k, s) + (m - 1) * mco[s] * ro(k, s)) / m;
      a_drift -=
          ab / m *
          (ra(k, s) * (a[s] / m * (h(cd(k, s)) + (m - 1) * h(co(k, s))) - problem.target.covariance(v[k].data())) +
           eta * ca(k, s) * a[s] / m * (h.first(cd(k, s)) * rd(k, s) + (m - 1) * h.first(co(k, s)) * ro(k, s)));
    }
    Observables seen;
    seen.t = static_cast<double>(k) * eta;
    seen.a = a[k];
    for (const double component : v[k]) seen.v += component * component;
    seen.v = std::sqrt(seen.v);
    seen.train = -ca(k, k) / 2;
    seen.test = sc(k, k) / 2;
    seen.nu = nu;
    seen.off = co(k, k);
    seen.first = cd(k, 0);
    solution.points.push_back(seen);

    for (std::size_t l = 0; l <= k; ++l) {
      double force = 0;
      for (std::size_t j = 0; j < directions; ++j) force += gradient[j] * v[l][j];
      force *= ab / m * a[k] * integral;
      double diagonal = force, off = force;
      for (std::size_t s = 0; s <= k; ++s) {
        diagonal -= (mrd[s] * cd(l, s) + (m - 1) * mro[s] * co(l, s)) / m;
        off -= (mrd[s] * co(l, s) + mro[s] * cd(l, s) + (m - 2) * mro[s] * co(l, s)) / m;
        if (s >= l) continue;
        diagonal -= (mcd[s] * rd(l, s) + (m - 1) * mco[s] * ro(l, s)) / m;
        off -= (mcd[s] * ro(l, s) + mco[s] * rd(l, s) + (m - 2) * mco[s] * ro(l, s)) / m;
      }
      cd(k + 1, l) = cd(l, k + 1) = cd(k, l) + eta * (diagonal - nu * cd(k, l));
      co(k + 1, l) = co(l, k + 1) = co(k, l) + eta * (off - nu * co(k, l));
      if (l == k) continue;
      double response_diagonal = -nu * rd(k, l), response_off = -nu * ro(k, l);
      for (std::size_t s = l + 1; s <= k; ++s) {
        response_diagonal -= (mrd[s] * rd(s, l) + (m - 1) * mro[s] * ro(s, l)) / m;
        response_off -= (mrd[s] * ro(s, l) + mro[s] * rd(s, l) + (m - 2) * mro[s] * ro(s, l)) / m;
      }
      rd(k + 1, l) = rd(k, l) + eta * response_diagonal;
      ro(k + 1, l) = ro(k, l) + eta * response_off;
    }
    rd(k + 1, k) = 1;
    cd(k + 1, k + 1) = 1;
    co(k + 1, k + 1) = 2 * co(k + 1, k) - co(k, k);
    for (std::size_t j = 0; j < directions; ++j) {
      double memory = 0;
      for (std::size_t s = 0; s <= k; ++s) memory += (mrd[s] + (m - 1) * mro[s]) * v[s][j];
      v[k + 1][j] = v[k][j] + eta * (-nu * v[k][j] + ab / m * a[k] * gradient[j] * integral - memory / m);
    }
    a[k + 1] = a[k] + eta * problem.second_layer_rate * a_drift;
  }
  for (std::size_t s = 0; s <= steps; ++s) {
    solution.c_diagonal.push_back(cd(steps, s));
    solution.c_off.push_back(co(steps, s));
    for (std::size_t l = 0; l <= steps; ++l) {
      solution.r_a.push_back(l <= s ? ra(s, l) : 0);
      solution.c_a.push_back(ca(s, l));
      solution.sigma_r.push_back(l <= s ? sr(s, l) : 0);
      solution.sigma_c.push_back(sc(s, l));
    }
  }
  return solution;
}

}  // namespace talweg::mean_field
