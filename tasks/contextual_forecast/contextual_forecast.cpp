#include "tasks/contextual_forecast/contextual_forecast.h"

#include <fmt/format.h>
#include <torch/optim/adam.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/noise.h"
#include "tasks/contextual_forecast/asset_turns.h"
#include "tasks/contextual_forecast/predictors.h"

namespace talweg::tasks {
namespace {

namespace quantum = models::quantum;

std::int64_t qubits_of(std::int64_t levels, std::int64_t symbols) {
  std::int64_t bits = 0;
  while ((std::int64_t{1} << bits) < levels) ++bits;
  return bits * symbols;
}

MoveData read_moves(const ContextualForecastOptions& options, const RandomStreams& streams,
                    io::FileFingerprints& files) {
  MoveData moves = options.data.create(streams);
  files = moves.files;
  return moves;
}

at::ScalarType complex_type_of(at::ScalarType real) {
  return real == at::kFloat ? at::kComplexFloat : at::kComplexDouble;
}

LoadedRows on_device(const LoadedRows& rows, at::Device device) {
  return {rows.asset.to(device), rows.weight.to(device), rows.in.to(device), rows.target.to(device)};
}

}  // namespace

void declare(config::Fields& f, LoaderOptions& o) {
  f("layers", o.layers, "layers of the ring ansatz on the context's qubits", config::at_least(1),
    config::at_most(1000));
  f("steps", o.steps, "steps of Adam on the loader's fidelity, before training", config::at_least(1));
  f("learning_rate", o.learning_rate, "step size of Adam", config::above(0));
}

void declare(config::Fields& f, CircuitNoiseOptions& o) {
  f("depolarizing", o.depolarizing, "probability of X, Y or Z on each qubit of every gate", config::at_least(0),
    config::at_most(1));
  f("readout", o.readout, "probability that a qubit is read as the other value", config::at_least(0),
    config::at_most(1));
}

void declare(config::Fields& f, LstmBaselineOptions& o) {
  f("width", o.width, "hidden numbers", config::at_least(1));
  f("steps", o.steps, "steps of Adam with learning rate 0.02", config::at_least(1));
}

void declare(config::Fields& f, ContextualForecastOptions& o) {
  f("data", o.data, "prices or symbols of one asset or of several");
  f("symbols", o.symbols, "how prices become symbols");
  f("context", o.context, "T: symbols that a forecast sees", config::at_least(1), config::at_most(40));
  f("horizon", o.horizon, "tau: symbols that are forecast at once", config::at_least(1), config::at_most(40));
  f("training_share", o.training_share, "share of the time, from its beginning, that is for training", config::above(0),
    config::below(1));
  f("circuit", o.circuit, "what is trained");
  f("trained_loader", o.trained_loader, "load contexts by a trained circuit in place of exact amplitudes");
  f("batch_mode", o.batch_mode, "contexts in one superposition, each by itself, or one that is drawn");
  f("schedule", o.schedule, "assets of a step: all, in turn, one after the other, or all in one superposition");
  f("steps_per_asset", o.steps_per_asset, "steps before 'sequential' goes to the next asset", config::at_least(1));
  f("portfolio", o.portfolio, "value of each asset in the superposition of 'portfolio' (default: equal)");
  f("gradient", o.gradient, "exact by the adjoint method, or from values at shifted angles as a device gives them");
  f("shots", o.shots, "N: fidelities are estimated by SWAP tests of so many shots (default: exact)",
    config::at_least(1));
  f("predictions", o.predictions, "R: how often the circuit is applied to its own outcomes, in evaluations",
    config::at_least(1), config::at_most(30));
  f("noise", o.noise, "noise of gates and of reading under which the circuit is evaluated as well (default: none)");
  f("lstm", o.lstm, "the recurrent network beside which the circuit stands");
}

void validate(ContextualForecastOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  o.context_place = where.at("context");
  const std::int64_t context = qubits_of(o.symbols.levels, o.context),
                     n = context + qubits_of(o.symbols.levels, o.horizon);
  try {
    if (n > 40) throw ConfigError(fmt::format("{} qubits are more than the 40 that a circuit has at most", n));
    const std::int64_t rows = o.batch_mode == BatchMode::coherent ? 1 : std::int64_t{1} << context;
    quantum::require_memory(n, rows, at::kComplexFloat);
  } catch (const ConfigError& error) {
    diagnostics.error(where.at("context"), fmt::format("a context of {} and a horizon of {} symbols: {}", o.context,
                                                       o.horizon, error.what()));
  }
  if (o.noise && n > quantum::kMostDensityQubits)
    diagnostics.error(where.at("noise"),
                      fmt::format("noise is evaluated by density matrices of at most {} qubits, not {}",
                                  quantum::kMostDensityQubits, n));
  if (const std::int64_t all = context + o.predictions * qubits_of(o.symbols.levels, o.horizon); all > 24)
    diagnostics.error(where.at("predictions"),
                      fmt::format("{} predictions take {} qubits; at most 24 are for them", o.predictions, all));
  if (o.schedule == AssetSchedule::portfolio && o.batch_mode != BatchMode::coherent)
    diagnostics.error(where.at("batch_mode"), "a portfolio is one superposition; its 'batch_mode' is coherent");
  if (o.schedule == AssetSchedule::portfolio && o.gradient != FidelityGradient::adjoint)
    diagnostics.error(where.at("gradient"),
                      "the angles of a portfolio's assets are controlled by its label and interfere; "
                      "'schedule: portfolio' takes 'gradient: adjoint'");
  if (o.schedule != AssetSchedule::portfolio && !o.portfolio.empty())
    diagnostics.error(where.at("portfolio"), "values of a portfolio are for 'schedule: portfolio'");
  for (const double value : o.portfolio)
    if (!(value > 0)) diagnostics.error(where.at("portfolio"), fmt::format("{} is no value above zero", value));
}

ContextualForecast::ContextualForecast(const ContextualForecastOptions& options, const TaskContext& context)
    : options_(options),
      streams_(context.streams),
      shape_{options.symbols.levels, options.context, options.horizon},
      moves_(read_moves(options, context.streams, files_)),
      data_(make_forecast_data(moves_, options.symbols, shape_, options.training_share, options.context_place)),
      circuit_(options.circuit.create({qubits_of(options.symbols.levels, options.context),
                                       qubits_of(options.symbols.levels, options.horizon), assets()})),
      simulator_(circuit_.circuit) {
  if (!options.portfolio.empty() && static_cast<std::int64_t>(options.portfolio.size()) != assets())
    throw ConfigError(fmt::format("task.portfolio: {} values for {} assets", options.portfolio.size(), assets()));
  const at::ScalarType complex_type = complex_type_of(context.dtype);
  const std::int64_t rows = options.batch_mode == BatchMode::coherent ? assets() : assets() * shape_.contexts();
  quantum::require_memory(circuit_.circuit.qubits(), rows, complex_type);
  coherent_ = coherent_rows(data_.joint(), complex_type);
  incoherent_ = incoherent_rows(data_.joint(), complex_type);
  if (options.trained_loader) load_by_ansatz(*options.trained_loader);
  coherent_ = on_device(coherent_, context.device);
  incoherent_ = on_device(incoherent_, context.device);
  RandomGenerator random = context.streams.generator("angles");
  const auto start = [&](std::int64_t groups, std::int64_t count) {
    at::Tensor angle = at::empty({groups, count}, at::kDouble);
    for (std::int64_t i = 0; i < angle.numel(); ++i)
      angle.mutable_data_ptr<double>()[i] = 2 * std::numbers::pi * random.uniform();
    return angle.to(context.device, context.dtype);
  };
  if (circuit_.shared > 0) shared_ = module_.register_parameter("shared", start(1, circuit_.shared).squeeze(0));
  if (circuit_.specific > 0) specific_ = module_.register_parameter("specific", start(assets(), circuit_.specific));
  const bool in_turn = options.schedule == AssetSchedule::round_robin || options.schedule == AssetSchedule::sequential;
  if (in_turn && specific_.defined()) {
    kept_ = module_.register_parameter("kept", specific_.detach().clone(), /*requires_grad=*/false);
    turns_ = module_.register_parameter("turns", at::zeros({}, at::kLong), /*requires_grad=*/false);
  }
  if (options.predictions > 1 && !std::holds_alternative<JointDistributions>(moves_.content)) {
    const WindowShape longer{shape_.levels, shape_.context, shape_.horizon * options.predictions};
    sequences_ =
        make_forecast_data(moves_, options.symbols, longer, options.training_share, options.context_place).joint();
  }
  moves_ = {};
  const std::int64_t examples = options.schedule == AssetSchedule::portfolio ? 1 : assets();
  training_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{at::arange(examples)});
}

void ContextualForecast::load_by_ansatz(const LoaderOptions& o) {
  const at::AutoGradMode with_gradient(true);
  const std::int64_t n = qubits_of(shape_.levels, shape_.context);
  const quantum::Simulator loader(quantum::ring_ansatz(n, o.layers, "loader"));
  const at::Tensor target = data_.joint().sum(2).sqrt().to(at::kComplexDouble);
  at::Tensor angles = at::empty({assets(), 2 * n * o.layers}, at::kDouble);
  RandomGenerator random = streams_.generator("loader");
  for (std::int64_t i = 0; i < angles.numel(); ++i)
    angles.mutable_data_ptr<double>()[i] = 2 * std::numbers::pi * random.uniform();
  angles.requires_grad_();
  torch::optim::Adam adam({angles}, torch::optim::AdamOptions(o.learning_rate));
  for (std::int64_t step = 0; step < o.steps; ++step) {
    adam.zero_grad();
    (1 - quantum::fidelity(target, loader(angles))).sum().backward();
    adam.step();
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor loaded = loader(angles);
  loader_error_ = (1 - quantum::fidelity(target, loaded)).max().item<double>();
  at::Tensor in = at::zeros({assets(), shape_.contexts(), shape_.outcomes()}, coherent_.in.options());
  in.select(2, 0).copy_(loaded);
  coherent_.in = in.flatten(1);
}

at::Tensor ContextualForecast::angles() const {
  std::vector<at::Tensor> parts;
  if (shared_.defined()) parts.push_back(shared_.unsqueeze(0).expand({assets(), -1}));
  if (specific_.defined()) parts.push_back(specific_);
  return parts.size() == 1 ? parts[0] : at::cat(parts, 1);
}

std::vector<std::int64_t> ContextualForecast::assets_of_step(std::int64_t step) const {
  std::vector<std::int64_t> all(static_cast<std::size_t>(assets()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  if (options_.schedule == AssetSchedule::round_robin) return {step % assets()};
  if (options_.schedule == AssetSchedule::sequential) return {step / options_.steps_per_asset % assets()};
  return all;
}

LoadedRows ContextualForecast::rows_of(const std::vector<std::int64_t>& wanted, std::uint64_t seed) const {
  LoadedRows rows = trained_rows().of_assets(wanted);
  if (options_.batch_mode != BatchMode::one_context) return rows;
  RandomGenerator random = RandomStreams(seed).generator("context");
  const at::Tensor asset = rows.asset.cpu(), weight = rows.weight.cpu();
  std::vector<std::int64_t> chosen;
  for (const std::int64_t k : wanted) {
    double left = random.uniform();
    std::int64_t last = -1;
    for (std::int64_t r = 0; r < asset.size(0); ++r) {
      if (asset.const_data_ptr<std::int64_t>()[r] != k) continue;
      last = r;
      if ((left -= weight.const_data_ptr<double>()[r]) < 0) break;
    }
    chosen.push_back(last);
  }
  rows = rows.select(at::tensor(chosen, at::kLong).to(rows.asset.device()));
  rows.weight = at::ones_like(rows.weight);
  return rows;
}

at::Tensor ContextualForecast::loss_of(const at::Tensor& angles, const std::vector<std::int64_t>& wanted,
                                       const FidelityObservation& how) const {
  if (options_.schedule == AssetSchedule::portfolio) {
    // One state Σ_k √w_k |k⟩ ⊗ …: its overlap with the target is Σ_k w_k ⟨target_k|U_k|in_k⟩.
    at::Tensor values =
        options_.portfolio.empty() ? at::ones({assets()}, at::kDouble) : at::tensor(options_.portfolio, at::kDouble);
    values = (values / values.sum()).to(coherent_.target.device(), coherent_.target.scalar_type());
    const at::Tensor whole = values.sqrt().unsqueeze(1);
    const at::Tensor exact = quantum::fidelity((whole * coherent_.target).view({1, -1}),
                                               (whole * simulator_(angles, coherent_.in)).view({1, -1}));
    return 1 - swap_tested(exact, how).squeeze(0);
  }
  const LoadedRows rows = rows_of(wanted, how.seed);
  const at::Tensor f = observed_fidelity(simulator_, angles.index_select(0, rows.asset), rows, how);
  return 1 - (rows.weight.to(f.dtype()) * f).sum() / static_cast<double>(wanted.size());
}

at::Tensor ContextualForecast::loss(const data::Batch& batch) {
  std::vector<std::int64_t> wanted;
  if (options_.schedule != AssetSchedule::portfolio)
    for (std::int64_t i = 0; i < batch.size; ++i) wanted.push_back(batch.tensors[0][i].item<std::int64_t>());
  return loss_of(angles(), wanted,
                 {options_.shots, options_.gradient, at::detail::getDefaultCPUGenerator().current_seed()});
}

at::Tensor ContextualForecast::observe(const at::Tensor& points, std::span<const std::uint64_t> seeds,
                                       std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const std::vector<std::int64_t> wanted = assets_of_step(step);
  const std::int64_t draws = static_cast<std::int64_t>(seeds.size()) / points.size(0);
  const at::Tensor own = angles_of_points(points, circuit_, assets())
                             .to(coherent_.in.device(), c10::toRealValueType(coherent_.in.scalar_type()));
  at::Tensor values = at::empty({points.size(0), draws}, at::kDouble);
  const bool always_alike = !options_.shots && options_.batch_mode != BatchMode::one_context;
  for (std::int64_t i = 0; i < points.size(0); ++i)
    for (std::int64_t j = 0; j < draws; ++j)
      values.mutable_data_ptr<double>()[i * draws + j] =
          always_alike && j > 0
              ? values.const_data_ptr<double>()[i * draws]
              : loss_of(own[i], wanted,
                        {options_.shots, options_.gradient, seeds[static_cast<std::size_t>(i * draws + j)]})
                    .item<double>();
  return values;
}

void ContextualForecast::project() {
  if (!kept_.defined()) return;
  const torch::NoGradGuard no_grad;
  for (const std::int64_t k : assets_of_step(turns_.item<std::int64_t>())) kept_[k].copy_(specific_[k]);
  specific_.copy_(kept_);
  turns_.add_(1);
}

std::unique_ptr<data::Sampler> ContextualForecast::make_sampler(const data::SamplingPlan& plan) {
  const auto turns = [this](std::int64_t step) {
    return options_.schedule == AssetSchedule::portfolio ? std::vector<std::int64_t>{0} : assets_of_step(step);
  };
  // All at once and one after the other are blocks in the data's own order; an asset for many steps is no such law.
  const std::optional<Sampling> law =
      options_.schedule == AssetSchedule::sequential ? std::nullopt : std::optional(Sampling::sequential);
  return std::make_unique<AssetTurns>(turns, law, plan);
}

at::Tensor ContextualForecast::joint_distribution() const {
  const torch::NoGradGuard no_grad;
  return quantum::probabilities(simulator_(angles(), coherent_.in))
      .to(at::kCPU, at::kDouble)
      .view({assets(), shape_.contexts(), shape_.outcomes()});
}

at::Tensor ContextualForecast::sequence_distribution(std::int64_t times) const {
  const torch::NoGradGuard no_grad;
  const std::int64_t step = qubits_of(shape_.levels, shape_.horizon);
  const quantum::Simulator whole(quantum::repeated(circuit_.circuit, times, step));
  const std::int64_t outcomes = std::int64_t{1} << (times * step);
  at::Tensor in = at::zeros({assets(), shape_.contexts(), outcomes}, coherent_.in.options());
  in.select(2, 0).copy_(coherent_.in.view({assets(), shape_.contexts(), -1}).select(2, 0));
  return quantum::probabilities(whole(angles(), in.flatten(1)))
      .to(at::kCPU, at::kDouble)
      .view({assets(), shape_.contexts(), outcomes});
}

at::Tensor ContextualForecast::noisy_distribution(const CircuitNoiseOptions& noise) const {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> of_assets;
  const at::Tensor own = angles();
  for (std::int64_t k = 0; k < assets(); ++k) {
    const at::Tensor rho =
        quantum::density_matrix(circuit_.circuit, own[k], quantum::depolarizing(noise.depolarizing), coherent_.in[k]);
    of_assets.push_back(
        quantum::with_readout_error(at::real(rho.diagonal()).contiguous(), noise.readout, noise.readout));
  }
  return at::stack(of_assets).view({assets(), shape_.contexts(), shape_.outcomes()});
}

at::Tensor ContextualForecast::outcomes_of_contexts() const {
  const torch::NoGradGuard no_grad;
  const std::int64_t contexts = shape_.contexts(), outcomes = shape_.outcomes();
  const at::Tensor in = basis_states(contexts, outcomes, coherent_.in.scalar_type()).to(coherent_.in.device());
  std::vector<at::Tensor> of_assets;
  const at::Tensor own = angles();
  for (std::int64_t k = 0; k < assets(); ++k)
    of_assets.push_back(quantum::probabilities(simulator_(own[k], in))
                            .to(at::kCPU, at::kDouble)
                            .view({contexts, contexts, outcomes})
                            .sum(1));
  return at::stack(of_assets);
}

std::vector<std::string> ContextualForecast::uses_of_data() const {
  return {
      "Everything that is trained and published rests on counts of windows of the whole series, without noise: "
      "keep metrics, figures and the forecast."};
}

std::string ContextualForecast::announcement() const {
  std::string text = fmt::format("{} asset(s), {} qubits; angles: {} shared, {} of each asset, {} in all", assets(),
                                 circuit_.circuit.qubits(), circuit_.shared, circuit_.specific,
                                 circuit_.shared + assets() * circuit_.specific);
  if (options_.schedule == AssetSchedule::portfolio)
    text += fmt::format("; with a label of {} qubit(s)", qubits_of(assets(), 1));
  if (options_.shots && options_.gradient == FidelityGradient::adjoint)
    text += "; values are of shots, gradients exact ('task.gradient: shift' estimates them as well)";
  return text;
}

void register_contextual_forecast() {
  static const bool once = [] {
    register_move_sources();
    register_forecast_circuits();
    config::Registry<TaskKind>::instance().add<ContextualForecast, ContextualForecastOptions>(
        "contextual_forecast", "distributions of the next moves from a trained quantum circuit",
        "Mourya et al. 2025 (arXiv 2503.01884)");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
