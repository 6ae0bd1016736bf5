#include "tasks/mean_field/gaussian_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "core/study/number_list.h"
#include "models/mean_field/symmetric_solver.h"
#include "tasks/mean_field/tensor_polynomial.h"
#include "tasks/mean_field/time_grid.h"

namespace talweg::tasks {
namespace {

constexpr std::size_t kMostDegree = 3;
constexpr int kMostTimes = 20'000;    // two-time functions of so many times take 10 GB
constexpr double kMostNumbers = 4e8;  // of tensors of one run: 3.2 GB

const char* const kNames[] = {"start", "overlap", "a", "test_error", "train_error"};
const char* const kLabels[] = {"C_d(t, 0)", "|v|", "a", "test error", "train error"};
constexpr double mean_field::Observables::*kTheory[] = {&mean_field::Observables::first, &mean_field::Observables::v,
                                                        &mean_field::Observables::a, &mean_field::Observables::test,
                                                        &mean_field::Observables::train};

std::vector<double> padded(std::vector<double> coefficients) {
  coefficients.resize(kMostDegree + 1, 0);
  return coefficients;
}

at::Tensor unit_rows(const at::Tensor& w) {
  return w / w.norm(2, 1, true);
}

/// The random functions s_i of one run.
class GaussianFunctions {
 public:
  GaussianFunctions(std::int64_t n, std::int64_t d, std::vector<double> coefficients, bool quadratic, bool cubic,
                    const RandomStreams& streams, std::uint64_t run)
      : n_(n), d_(d), c_(std::move(coefficients)), g_(seeded_normals({n, d}, streams.seed_of("linear", run))) {
    if (quadratic) {
      j_ = seeded_normals({n, d, d}, streams.seed_of("quadratic", run));
      j_ = 0.5 * (j_ + j_.transpose(1, 2));
    }
    if (cubic) {
      const at::Tensor k = seeded_normals({n, d, d, d}, streams.seed_of("cubic", run));
      k_ = (k + k.permute({0, 1, 3, 2}) + k.permute({0, 2, 1, 3}) + k.permute({0, 2, 3, 1}) + k.permute({0, 3, 1, 2}) +
            k.permute({0, 3, 2, 1})) /
           6;
    }
  }

  struct Values {
    at::Tensor s;        // [n, m]
    at::Tensor jw, kww;  // [n, d, m]: J_i w_j and K_i[w_j, w_j, ·]
  };
  Values values(const at::Tensor& w, const std::vector<double>& c) const {
    const std::int64_t m = w.size(0);
    Values v{c[1] * at::matmul(g_, w.t()), {}, {}};
    if (j_.defined()) {
      v.jw = at::matmul(j_.reshape({n_ * d_, d_}), w.t()).view({n_, d_, m});
      v.s = v.s + c[2] * (v.jw * w.t()).sum(1);
    }
    if (k_.defined()) {
      std::vector<at::Tensor> columns;
      for (std::int64_t i = 0; i < m; ++i) columns.push_back(at::matmul(at::matmul(k_, w[i]), w[i]));
      v.kww = at::stack(columns, 2);
      v.s = v.s + c[3] * (v.kww * w.t()).sum(1);
    }
    return v;
  }
  Values values(const at::Tensor& w) const { return values(w, c_); }
  /// Mean over samples of δ_i·∇s_i(w_j), [m, d].
  at::Tensor mean_gradient(const Values& v, const at::Tensor& delta) const {
    at::Tensor gradient = (c_[1] * at::matmul(delta, g_)).unsqueeze(0);
    const auto weighted = [&](const at::Tensor& x) { return at::tensordot(delta, x, {0}, {0}).t(); };
    if (v.jw.defined()) gradient = gradient + 2 * c_[2] * weighted(v.jw);
    if (v.kww.defined()) gradient = gradient + 3 * c_[3] * weighted(v.kww);
    return gradient / static_cast<double>(n_);
  }

 private:
  std::int64_t n_, d_;
  std::vector<double> c_;
  at::Tensor g_, j_, k_;
};

}  // namespace

void declare(config::Fields& f, GaussianNetworkOptions& o) {
  declare(f, static_cast<NetworkOptions&>(o));
  f("width", o.width, "m: neurons", config::at_least(1));
  f("dimension", o.dimension, "d", config::at_least(2));
  f("runs", o.runs, "independent runs, a step each", config::at_least(2));
  f("step", o.step, "eta: step of descent, in the time of the theory", config::above(0));
  f("until", o.until, "last time", config::above(0));
  f("report", o.report, "times at which numbers are reported", config::at_least(0));
}

void validate(const GaussianNetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.messages().size();
  validate(static_cast<const NetworkOptions&>(o), where, diagnostics);
  check_report(o.report, o.until, where, diagnostics);
  if (o.until / o.step > kMostTimes)
    diagnostics.error(where.at("until"), fmt::format("more than {} steps: make 'step' longer or 'until' shorter; the "
                                                     "equations beside the runs keep every time",
                                                     kMostTimes));
  if (diagnostics.messages().size() != before) return;
  const std::vector<double> sigma = make_activation(o.activation).hermite;
  if (sigma.size() > kMostDegree + 1 || o.target.hermite.size() > kMostDegree + 1)
    diagnostics.error(where.at("activation"), "the Gaussian model has tensors for polynomials of degree 3 at most");
  if (o.target.kind == TargetKind::terms)
    diagnostics.error(where.at("target"),
                      "the Gaussian model has one direction: give the target as 'activation' or 'hermite'");
  const auto d = static_cast<double>(o.dimension);
  const double numbers = static_cast<double>(examples_of(o, o.width, o.dimension)) * d * d * (sigma.size() > 3 ? d : 1);
  if (numbers > kMostNumbers)
    diagnostics.error(
        where.at("dimension"),
        fmt::format("tensors of one run would take {:.1f} GB; take a smaller 'dimension'", numbers * 8e-9));
}

GaussianNetwork::GaussianNetwork(const GaussianNetworkOptions& options, const StudyContext& context)
    : options_(options),
      streams_(context.streams),
      rows_(static_cast<std::size_t>(std::llround(options.until / options.step)) + 1),
      sums_(rows_ * kQuantities, 0),
      squares_(sums_) {
  if (!context.device.is_cpu()) throw ConfigError("device: 'gaussian_network' computes on the CPU; set 'device: cpu'");
}

void GaussianNetwork::step(std::int64_t index) {
  torch::NoGradGuard no_grad;
  const auto run = static_cast<std::uint64_t>(index);
  const std::int64_t n = examples_of(options_, options_.width, options_.dimension), d = options_.dimension,
                     m = options_.width;
  const mean_field::Activation activation = make_activation(options_.activation);
  const mean_field::Problem problem = make_problem(options_, static_cast<double>(m));
  const std::vector<double> sigma = padded(activation.hermite);
  const bool learns = options_.target.kind != TargetKind::noise;
  const std::vector<double> phi =
      padded(options_.target.kind == TargetKind::hermite ? options_.target.hermite : activation.hermite);
  const bool cubic = sigma[3] != 0 || (learns && phi[3] != 0), quadratic = sigma[2] != 0 || (learns && phi[2] != 0);
  const GaussianFunctions functions(n, d, sigma, quadratic, cubic, streams_, run);

  at::Tensor y = options_.noise * seeded_normals({n}, streams_.seed_of("noise", run));
  if (learns) {
    const at::Tensor direction = at::zeros({1, d}, at::kDouble);
    direction[0][0] = 1;
    y = y + functions.values(direction, phi).s.select(1, 0);
  }
  at::Tensor w = unit_rows(seeded_normals({m, d}, streams_.seed_of("weights", run)));
  at::Tensor a = at::full({m}, problem.second_layer, at::kDouble);
  const at::Tensor start = w;
  const double rate = options_.step * static_cast<double>(n) / static_cast<double>(d) / static_cast<double>(m);
  for (std::size_t row = 0; row < rows_; ++row) {
    const GaussianFunctions::Values values = functions.values(w);
    const at::Tensor delta = y - at::matmul(values.s, a) / static_cast<double>(m);
    const at::Tensor v = w.select(1, 0);
    at::Tensor test =
        options_.noise * options_.noise + problem.target.squared_norm() +
        at::dot(a, at::matmul(tensor_polynomial(problem.covariance.coefficients(), at::matmul(w, w.t())), a)) /
            static_cast<double>(m * m);
    if (learns) {
      std::vector<double> products;
      for (std::size_t k = 0; k <= kMostDegree; ++k) products.push_back(sigma[k] * phi[k]);
      test = test - 2 * at::mean(a * tensor_polynomial(products, v));
    }
    const std::vector<double> seen =
        host_read(at::stack({(w * start).sum(1).mean(), learns ? v.mean() : at::zeros({}, at::kDouble), a.mean(),
                             0.5 * test, 0.5 * delta.square().mean()}));
    for (std::size_t q = 0; q < kQuantities; ++q) {
      sums_[row * kQuantities + q] += seen[q];
      squares_[row * kQuantities + q] += seen[q] * seen[q];
    }
    const at::Tensor gradient = functions.mean_gradient(values, delta);
    const at::Tensor growth = at::matmul(delta, values.s) / static_cast<double>(n);
    w = unit_rows(w + rate * a.unsqueeze(1) * gradient);
    a = a + rate * options_.second_layer_rate * growth;
  }
  ++done_;
}

double GaussianNetwork::mean(std::size_t row, std::size_t quantity) const {
  return sums_[row * kQuantities + quantity] / static_cast<double>(done_);
}

double GaussianNetwork::standard_error(std::size_t row, std::size_t quantity) const {
  if (done_ < 2) return 0;
  const double average = mean(row, quantity), runs = static_cast<double>(done_);
  const double variance = squares_[row * kQuantities + quantity] / runs - average * average;
  return std::sqrt(std::max(0.0, variance) / (runs - 1));
}

const std::vector<mean_field::Observables>& GaussianNetwork::theory() {
  if (theory_.empty()) {
    mean_field::SymmetricSolver solver(make_problem(options_, static_cast<double>(options_.width)),
                                       mean_field::Integrator::gd_exact);
    solver.allow_beyond_stability();
    solver.measure();
    for (std::size_t row = 1; row < rows_; ++row) {
      solver.advance(options_.step);
      solver.measure();
    }
    theory_ = solver.observables();
  }
  return theory_;
}

Metrics GaussianNetwork::evaluate() {
  Metrics metrics;
  if (done_ == 0) return metrics;
  for (const double time : options_.report) {
    const auto row = static_cast<std::size_t>(std::llround(time / options_.step));
    if (row >= rows_) continue;
    for (std::size_t q = 0; q < kQuantities; ++q) {
      metrics.emplace_back(fmt::format("{}@{:g}", kNames[q], time), mean(row, q));
      metrics.emplace_back(fmt::format("{}_deviation@{:g}", kNames[q], time), standard_error(row, q));
      metrics.emplace_back(fmt::format("{}_theory@{:g}", kNames[q], time), theory()[row].*kTheory[q]);
    }
  }
  metrics.emplace_back("train_error", mean(rows_ - 1, kQuantities - 1));
  return metrics;
}

std::vector<plot::Figure> GaussianNetwork::figures() {
  if (done_ == 0) return {};
  constexpr std::size_t kSymbols = 24;
  std::vector<plot::Figure> figures;
  for (std::size_t q = 0; q < kQuantities; ++q) {
    if (options_.target.kind == TargetKind::noise && kNames[q] == std::string("overlap")) continue;
    plot::Figure figure;
    figure.name = kNames[q];
    figure.title = fmt::format("Gaussian model, m = {}, d = {}, {} runs", options_.width, options_.dimension, done_);
    figure.x_label = "t";
    figure.y_label = kLabels[q];
    plot::Series line{"theory, n and d infinite", {}, {}, plot::SeriesStyle::line, 0};
    plot::Series points{"mean of runs", {}, {}, plot::SeriesStyle::points, 1};
    plot::Series bars{"± one standard error", {}, {}, plot::SeriesStyle::line, 1};
    for (std::size_t row = 0; row < rows_; ++row) {
      const double t = static_cast<double>(row) * options_.step;
      line.x.push_back(t);
      line.y.push_back(theory()[row].*kTheory[q]);
      if (row % std::max<std::size_t>(1, rows_ / kSymbols) != 0) continue;
      const double average = mean(row, q), error = standard_error(row, q);
      points.x.push_back(t);
      points.y.push_back(average);
      bars.x.insert(bars.x.end(), {t, t, t});
      bars.y.insert(bars.y.end(), {average - error, average + error, std::nan("")});
    }
    figure.series = {line, points, bars};
    figure.caption = "Line: the equations at the same step. They differ from runs at finite d by terms of order 1/d.";
    figures.push_back(std::move(figure));
  }
  return figures;
}

checkpoint::State GaussianNetwork::state() const {
  checkpoint::State state;
  state.add("sums", tensor_of(sums_));
  state.add("squares", tensor_of(squares_));
  return state;
}

void GaussianNetwork::load(const checkpoint::State& state, std::int64_t steps) {
  sums_ = numbers_of(state.require("sums"));
  squares_ = numbers_of(state.require("squares"));
  done_ = steps;
}

}  // namespace talweg::tasks
