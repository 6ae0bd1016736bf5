#include "tasks/black_box/more_wild_functions.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace talweg::tasks {
namespace {

using Point = const double*;

double at(const double* table, std::int64_t i) {
  return table[i - 1];
}

constexpr double kBard[] = {.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.1, 4.39};
constexpr double kKowalikU[] = {4, 2, 1, .5, .25, .167, .125, .1, .0833, .0714, .0625};
constexpr double kKowalikY[] = {.1957, .1947, .1735, .16, .0844, .0627, .0456, .0342, .0323, .0235, .0246};
constexpr double kMeyer[] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                             8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};
constexpr double kOsborne1[] = {.844, .908, .932, .936, .925, .908, .881, .85,  .818, .784, .751,
                                .718, .685, .658, .628, .603, .58,  .558, .538, .522, .506, .49,
                                .478, .467, .457, .448, .438, .431, .424, .42,  .414, .411, .406};
constexpr double kOsborne2[] = {1.366, 1.191, 1.112, 1.013, .991, .885, .831, .847, .786, .725, .746, .679, .608,
                                .655,  .616,  .606,  .602,  .626, .651, .724, .649, .649, .694, .644, .624, .661,
                                .612,  .558,  .533,  .495,  .5,   .423, .395, .375, .372, .391, .396, .405, .428,
                                .429,  .523,  .562,  .607,  .653, .672, .708, .633, .668, .645, .632, .591, .559,
                                .597,  .625,  .739,  .71,   .729, .72,  .636, .581, .428, .292, .162, .098, .054};

void linear_full_rank(Point x, std::int64_t n, std::int64_t m, double* f) {
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += x[j];
  for (std::int64_t i = 0; i < m; ++i) f[i] = (i < n ? x[i] : 0) - 2 * sum / static_cast<double>(m) - 1;
}

void linear_rank_one(Point x, std::int64_t n, std::int64_t m, double* f) {
  double sum = 0;
  for (std::int64_t j = 1; j <= n; ++j) sum += static_cast<double>(j) * at(x, j);
  for (std::int64_t i = 1; i <= m; ++i) f[i - 1] = static_cast<double>(i) * sum - 1;
}

void linear_rank_one_with_zeros(Point x, std::int64_t n, std::int64_t m, double* f) {
  double sum = 0;
  for (std::int64_t j = 2; j < n; ++j) sum += static_cast<double>(j) * at(x, j);
  for (std::int64_t i = 1; i < m; ++i) f[i - 1] = static_cast<double>(i - 1) * sum - 1;
  f[m - 1] = -1;
}

void helical_valley(Point x, double* f) {
  double turn = 0.25;
  if (x[0] != 0) turn = std::atan(x[1] / x[0]) / (2 * std::numbers::pi) + (x[0] < 0 ? 0.5 : 0);
  f[0] = 10 * (x[2] - 10 * turn);
  f[1] = 10 * (std::hypot(x[0], x[1]) - 1);
  f[2] = x[2];
}

void powell_singular(Point x, double* f) {
  f[0] = x[0] + 10 * x[1];
  f[1] = std::sqrt(5.0) * (x[2] - x[3]);
  f[2] = (x[1] - 2 * x[2]) * (x[1] - 2 * x[2]);
  f[3] = std::sqrt(10.0) * (x[0] - x[3]) * (x[0] - x[3]);
}

void watson(Point x, std::int64_t n, double* f) {
  for (int i = 1; i <= 29; ++i) {
    const double t = i / 29.0;
    double derivative = 0, value = 0, power = 1;  // Σ (j−1)t^{j−2}x_j and Σ t^{j−1}x_j
    for (std::int64_t j = 0; j < n; ++j) {
      value += power * x[j];
      if (j + 1 < n) derivative += static_cast<double>(j + 1) * power * x[j + 1];
      power *= t;
    }
    f[i - 1] = derivative - value * value - 1;
  }
  f[29] = x[0];
  f[30] = x[1] - x[0] * x[0] - 1;
}

void chebyquad(Point x, std::int64_t n, std::int64_t m, double* f) {
  std::fill(f, f + m, 0.0);
  for (std::int64_t j = 0; j < n; ++j) {
    const double t = 2 * x[j] - 1;
    double before = 1, now = t;
    for (std::int64_t i = 0; i < m; ++i) {
      f[i] += now / static_cast<double>(n);
      const double next = 2 * t * now - before;
      before = now;
      now = next;
    }
  }
  for (std::int64_t i = 2; i <= m; i += 2) f[i - 1] += 1 / (static_cast<double>(i * i) - 1);
}

void brown_almost_linear(Point x, std::int64_t n, double* f) {
  double sum = -static_cast<double>(n + 1), product = 1;
  for (std::int64_t j = 0; j < n; ++j) {
    sum += x[j];
    product *= x[j];
  }
  for (std::int64_t i = 0; i + 1 < n; ++i) f[i] = x[i] + sum;
  f[n - 1] = product - 1;
}

void bdqrtic(Point x, std::int64_t n, double* f) {
  for (std::int64_t i = 0; i < n - 4; ++i) {
    f[i] = 3 - 4 * x[i];
    f[n - 4 + i] = x[i] * x[i] + 2 * x[i + 1] * x[i + 1] + 3 * x[i + 2] * x[i + 2] + 4 * x[i + 3] * x[i + 3] +
                   5 * x[n - 1] * x[n - 1];
  }
}

/// sin⁵(ln v) + cos⁵(ln v), times v.
double mancino_term(double v) {
  const double angle = std::log(v);
  return v * (std::pow(std::sin(angle), 5) + std::pow(std::cos(angle), 5));
}

void mancino(Point x, std::int64_t n, double* f) {
  for (std::int64_t i = 1; i <= n; ++i) {
    double sum = 0;
    for (std::int64_t j = 1; j <= n; ++j)
      sum += mancino_term(std::sqrt(at(x, i) * at(x, i) + static_cast<double>(i) / static_cast<double>(j)));
    f[i - 1] = 1400 * at(x, i) + std::pow(static_cast<double>(i - 50), 3) + sum;
  }
}

void heart_eight(Point x, double* f) {
  const double a = x[0], b = x[1], c = x[2], d = x[3], t = x[4], u = x[5], v = x[6], w = x[7];
  f[0] = a + b + .69;
  f[1] = c + d + .044;
  f[2] = t * a + u * b - v * c - w * d + 1.57;
  f[3] = v * a + w * b + t * c + u * d + 1.31;
  f[4] = a * (t * t - v * v) - 2 * c * t * v + b * (u * u - w * w) - 2 * d * u * w + 2.65;
  f[5] = c * (t * t - v * v) + 2 * a * t * v + d * (u * u - w * w) + 2 * b * u * w - 2;
  f[6] = a * t * (t * t - 3 * v * v) + c * v * (v * v - 3 * t * t) + b * u * (u * u - 3 * w * w) +
         d * w * (w * w - 3 * u * u) + 12.6;
  f[7] = c * t * (t * t - 3 * v * v) - a * v * (v * v - 3 * t * t) + d * u * (u * u - 3 * w * w) -
         b * w * (w * w - 3 * u * u) - 9.48;
}

std::vector<double> standard_start(int function, std::int64_t n) {
  const std::vector<double> ones(static_cast<std::size_t>(n), 1.0), halves(static_cast<std::size_t>(n), 0.5);
  switch (function) {
    case 4:
      return {-1.2, 1};
    case 5:
      return {-1, 0, 0};
    case 6:
      return {3, -1, 0, 1};
    case 7:
      return {.5, -2};
    case 9:
      return {.25, .39, .415, .39};
    case 10:
      return {.02, 4000, 250};
    case 11:
    case 16:
    case 20:
      return halves;
    case 12:
      return {0, 10, 20};
    case 13:
      return {.3, .4};
    case 14:
      return {25, 5, -5, -1};
    case 15: {
      std::vector<double> x;
      for (std::int64_t j = 1; j <= n; ++j) x.push_back(static_cast<double>(j) / static_cast<double>(n + 1));
      return x;
    }
    case 17:
      return {.5, 1.5, 1, .01, .02};
    case 18:
      return {1.3, .65, .65, .7, .6, 3, 5, 7, 2, 4.5, 5.5};
    case 21: {
      std::vector<double> x;
      for (std::int64_t i = 1; i <= n; ++i) {
        double sum = 0;
        for (std::int64_t j = 1; j <= n; ++j)
          sum += mancino_term(std::sqrt(static_cast<double>(i) / static_cast<double>(j)));
        x.push_back(-8.710996e-4 * (std::pow(static_cast<double>(i - 50), 3) + sum));
      }
      return x;
    }
    case 22:
      return {-.3, -.39, .3, -.344, -1.2, 2.69, 1.59, -1.5};
    default:
      return ones;
  }
}

}  // namespace

const std::vector<MoreWildProblem>& more_wild_problems() {
  static const std::vector<MoreWildProblem> problems = {
      {"linear_full_rank_good_start", 1, 9, 45, 0, 36},
      {"linear_full_rank_bad_start", 1, 9, 45, 1, 36},
      {"linear_rank_one_good_start", 2, 7, 35, 0, 8.38028},
      {"linear_rank_one_bad_start", 2, 7, 35, 1, 8.38028},
      {"linear_rank_one_zero_columns_rows_good_start", 3, 7, 35, 0, 9.8806},
      {"linear_rank_one_zero_columns_rows_bad_start", 3, 7, 35, 1, 9.8806},
      {"rosenbrock_good_start", 4, 2, 2, 0, 0},
      {"rosenbrock_bad_start", 4, 2, 2, 1, 0},
      {"helical_valley_good_start", 5, 3, 3, 0, 0},
      {"helical_valley_bad_start", 5, 3, 3, 1, 0},
      {"powell_singular_good_start", 6, 4, 4, 0, 0},
      {"powell_singular_bad_start", 6, 4, 4, 1, 0},
      {"freudenstein_roth_good_start", 7, 2, 2, 0, 48.9843},
      {"freudenstein_roth_bad_start", 7, 2, 2, 1, 48.9843},
      {"bard_good_start", 8, 3, 15, 0, 0.00821488},
      {"bard_bad_start", 8, 3, 15, 1, 0.00821488},
      {"kowalik_osborne", 9, 4, 11, 0, 0.000307506},
      {"meyer", 10, 3, 16, 0, 87.9459},
      {"watson_6_good_start", 11, 6, 31, 0, 0.00228767},
      {"watson_6_bad_start", 11, 6, 31, 1, 0.00228767},
      {"watson_9_good_start", 11, 9, 31, 0, 1.39976e-06},
      {"watson_9_bad_start", 11, 9, 31, 1, 1.39976e-06},
      {"watson_12_good_start", 11, 12, 31, 0, 4.72238e-10},
      {"watson_12_bad_start", 11, 12, 31, 1, 4.72238e-10},
      {"box_3d", 12, 3, 10, 0, 0},
      {"jennrich_sampson", 13, 2, 10, 0, 124.362},
      {"brown_dennis_good_start", 14, 4, 20, 0, 85822.2},
      {"brown_dennis_bad_start", 14, 4, 20, 1, 85822.2},
      {"chebyquad_6", 15, 6, 6, 0, 0},
      {"chebyquad_7", 15, 7, 7, 0, 0},
      {"chebyquad_8", 15, 8, 8, 0, 0.00351687},
      {"chebyquad_9", 15, 9, 9, 0, 0},
      {"chebyquad_10", 15, 10, 10, 0, 0.00477271},
      {"chebyquad_11", 15, 11, 11, 0, 0.00279976},
      {"brown_almost_linear", 16, 10, 10, 0, 0},
      {"osborne_one", 17, 5, 33, 0, 5.46489e-05},
      {"osborne_two_good_start", 18, 11, 65, 0, 0.0401377},
      {"osborne_two_bad_start", 18, 11, 65, 1, 0.0401377},
      {"bdqrtic_8", 19, 8, 8, 0, 10.239},
      {"bdqrtic_10", 19, 10, 12, 0, 18.2812},
      {"bdqrtic_11", 19, 11, 14, 0, 22.2606},
      {"bdqrtic_12", 19, 12, 16, 0, 26.2728},
      {"cube_5", 20, 5, 5, 0, 0},
      {"cube_6", 20, 6, 6, 0, 0},
      {"cube_8", 20, 8, 8, 0, 0},
      {"mancino_5_good_start", 21, 5, 5, 0, 0},
      {"mancino_5_bad_start", 21, 5, 5, 1, 0},
      {"mancino_8", 21, 8, 8, 0, 0},
      {"mancino_10", 21, 10, 10, 0, 0},
      {"mancino_12_good_start", 21, 12, 12, 0, 0},
      {"mancino_12_bad_start", 21, 12, 12, 1, 0},
      {"heart_eight_good_start", 22, 8, 8, 0, 0},
      {"heart_eight_bad_start", 22, 8, 8, 1, 0}};
  return problems;
}

const MoreWildProblem* find_more_wild(const std::string& name) {
  for (const MoreWildProblem& problem : more_wild_problems())
    if (problem.name == name) return &problem;
  return nullptr;
}

std::vector<double> start_of(const MoreWildProblem& problem) {
  std::vector<double> x = standard_start(problem.function, problem.n);
  for (double& coordinate : x) coordinate *= std::pow(10, problem.start_power);
  return x;
}

void components(const MoreWildProblem& problem, const double* x, double* f) {
  const std::int64_t n = problem.n, m = problem.m;
  const auto each = [&](auto component) {
    for (std::int64_t i = 1; i <= m; ++i) f[i - 1] = component(static_cast<double>(i));
  };
  switch (problem.function) {
    case 1:
      return linear_full_rank(x, n, m, f);
    case 2:
      return linear_rank_one(x, n, m, f);
    case 3:
      return linear_rank_one_with_zeros(x, n, m, f);
    case 4:
      f[0] = 10 * (x[1] - x[0] * x[0]);
      f[1] = 1 - x[0];
      return;
    case 5:
      return helical_valley(x, f);
    case 6:
      return powell_singular(x, f);
    case 7:
      f[0] = -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1];
      f[1] = -29 + x[0] + ((1 + x[1]) * x[1] - 14) * x[1];
      return;
    case 8:
      return each([&](double i) {
        return at(kBard, static_cast<std::int64_t>(i)) - x[0] - i / (x[1] * (16 - i) + x[2] * std::min(i, 16 - i));
      });
    case 9:
      return each([&](double i) {
        const auto place = static_cast<std::int64_t>(i);
        const double u = at(kKowalikU, place);
        return at(kKowalikY, place) - x[0] * u * (u + x[1]) / (u * (u + x[2]) + x[3]);
      });
    case 10:
      return each([&](double i) {
        return x[0] * std::exp(x[1] / (45 + 5 * i + x[2])) - at(kMeyer, static_cast<std::int64_t>(i));
      });
    case 11:
      return watson(x, n, f);
    case 12:
      return each([&](double i) {
        const double t = i / 10;
        return std::exp(-t * x[0]) - std::exp(-t * x[1]) + (std::exp(-i) - std::exp(-t)) * x[2];
      });
    case 13:
      return each([&](double i) { return 2 + 2 * i - std::exp(i * x[0]) - std::exp(i * x[1]); });
    case 14:
      return each([&](double i) {
        const double t = i / 5, a = x[0] + t * x[1] - std::exp(t), b = x[2] + x[3] * std::sin(t) - std::cos(t);
        return a * a + b * b;
      });
    case 15:
      return chebyquad(x, n, m, f);
    case 16:
      return brown_almost_linear(x, n, f);
    case 17:
      return each([&](double i) {
        const double t = 10 * (i - 1);
        return at(kOsborne1, static_cast<std::int64_t>(i)) -
               (x[0] + x[1] * std::exp(-x[3] * t) + x[2] * std::exp(-x[4] * t));
      });
    case 18:
      return each([&](double i) {
        const double t = (i - 1) / 10;
        const auto bell = [&](int height, int width, int centre) {
          return x[height] * std::exp(-x[width] * (t - x[centre]) * (t - x[centre]));
        };
        return at(kOsborne2, static_cast<std::int64_t>(i)) -
               (x[0] * std::exp(-x[4] * t) + bell(1, 5, 8) + bell(2, 6, 9) + bell(3, 7, 10));
      });
    case 19:
      return bdqrtic(x, n, f);
    case 20:
      f[0] = x[0] - 1;
      for (std::int64_t i = 1; i < n; ++i) f[i] = 10 * (x[i] - x[i - 1] * x[i - 1] * x[i - 1]);
      return;
    case 21:
      return mancino(x, n, f);
    default:
      return heart_eight(x, f);
  }
}

}  // namespace talweg::tasks
