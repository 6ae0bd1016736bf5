#pragma once

#include <torch/nn/module.h>

#include <optional>

#include "core/task/capabilities.h"
#include "core/task/projected_parameters.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "models/quantum/simulator.h"
#include "tasks/contextual_forecast/forecast_circuit.h"
#include "tasks/contextual_forecast/forecast_data.h"
#include "tasks/contextual_forecast/observed_fidelity.h"

namespace talweg::tasks {

/// What is loaded in one evaluation.
enum class BatchMode {
  coherent,     ///< all contexts as one superposition (QBGU)
  incoherent,   ///< every context by itself, weighted by its frequency
  one_context,  ///< a context that is drawn by its frequency: the stochastic counterpart
};
inline std::vector<std::pair<std::string, BatchMode>> choices(BatchMode) {
  return {{"coherent", BatchMode::coherent},
          {"incoherent", BatchMode::incoherent},
          {"one_context", BatchMode::one_context}};
}

/// Which assets a step is about.
enum class AssetSchedule {
  joint,        ///< all
  round_robin,  ///< one after the other
  sequential,   ///< each for steps_per_asset steps, then the next
  portfolio,    ///< all in one superposition over their labels
};
inline std::vector<std::pair<std::string, AssetSchedule>> choices(AssetSchedule) {
  return {{"joint", AssetSchedule::joint},
          {"round_robin", AssetSchedule::round_robin},
          {"sequential", AssetSchedule::sequential},
          {"portfolio", AssetSchedule::portfolio}};
}

/// The trained loader: layers of the ring ansatz whose fidelity with Σ √P(x)|x⟩ Adam raises before training begins.
struct LoaderOptions {
  std::int64_t layers = 4, steps = 1000;
  double learning_rate = 0.05;
};
void declare(config::Fields& f, LoaderOptions& o);

/// Noise under which the trained circuit is looked at, beside the exact one.
struct CircuitNoiseOptions {
  double depolarizing = 0, readout = 0;
};
void declare(config::Fields& f, CircuitNoiseOptions& o);

struct LstmBaselineOptions {
  std::int64_t width = 16, steps = 300;
};
void declare(config::Fields& f, LstmBaselineOptions& o);

struct ContextualForecastOptions {
  config::Component<MoveSourceKind> data{"random_walk"};
  SymbolOptions symbols;
  std::int64_t context = 3, horizon = 1;
  double training_share = 0.8;
  config::Component<ForecastCircuitKind> circuit{"ring"};
  std::optional<LoaderOptions> trained_loader;
  BatchMode batch_mode = BatchMode::coherent;
  AssetSchedule schedule = AssetSchedule::joint;
  std::int64_t steps_per_asset = 250;
  std::vector<double> portfolio;
  FidelityGradient gradient = FidelityGradient::adjoint;
  std::optional<std::int64_t> shots;
  std::int64_t predictions = 1;
  std::optional<CircuitNoiseOptions> noise;
  LstmBaselineOptions lstm;
  config::Location context_place{};  ///< where 'context' was written, for messages about data
};
void declare(config::Fields& f, ContextualForecastOptions& o);
void validate(ContextualForecastOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Distributions of the next moves given the recent ones, from a quantum circuit that is trained on counted windows:
/// the loss is 1 − F of loaded and target states, the mean over the assets of a step. Examples are assets. Classical
/// predictors from the same counts stand beside it in every evaluation. Source: Mourya et al. 2025 (arXiv 2503.01884);
/// incoherent batches, shift gradients, baselines and the null model are ours.
class ContextualForecast : public Task,
                           public NoisyFunction,
                           public OwnSampler,
                           public ProjectedParameters,
                           public ReadsFiles,
                           public StatesAnswer {
 public:
  ContextualForecast(const ContextualForecastOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// Means over assets, of the training windows: "fidelity" of superposed contexts, "context_fidelity" Σ P(x) F_x of
  /// single ones, "kl" of the joint distribution, "conditional_kl" of it conditioned, "basis_kl" of outcomes when a
  /// context is loaded by itself; of the held-out windows "log_loss" by conditioning, "basis_log_loss", and those of
  /// "table", "markov", "logistic", "lstm", "frequencies" and "null" with "_log_loss" behind; "kl/ASSET" of few assets;
  /// of several predictions "sequence_kl" and that of the count table, "table_sequence_kl"; under noise "noise_kl" from
  /// the exact circuit and "noisy_kl" from the training windows;
  /// "loss" that is trained, without shots.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;
  std::vector<std::string> uses_of_data() const override;
  std::string announcement() const override;
  std::unique_ptr<data::Sampler> make_sampler(const data::SamplingPlan& plan) override;
  at::Tensor observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t step) override;
  /// Puts back the angles of assets whose turn the step was not: an optimizer's momentum or random displacements have
  /// moved them, and no circuit of the step has them.
  void project() override;
  nlohmann::json answer() const override { return answer_; }

  const ForecastData& data() const { return data_; }
  const models::quantum::Circuit& circuit() const { return circuit_.circuit; }
  /// The assets of a step; of a portfolio all.
  std::vector<std::int64_t> assets_of_step(std::int64_t step) const;
  /// P(context, outcome) that the trained circuit makes of the loaded contexts: [K, contexts, outcomes] float64.
  at::Tensor joint_distribution() const;
  /// P(context, outcomes of several predictions) when the circuit is applied to its own outcomes: [K, contexts,
  /// outcomes^times]. Source: Mourya et al. 2025, figures 9 and 10.
  at::Tensor sequence_distribution(std::int64_t times) const;
  /// P(context, outcome) under gate and readout noise, by density matrices.
  at::Tensor noisy_distribution(const CircuitNoiseOptions& noise) const;
  /// P(outcome) when one context is loaded by itself: [K, contexts, outcomes] float64.
  at::Tensor outcomes_of_contexts() const;

 private:
  /// A predictor by name: [K, contexts, outcomes].
  using Predictors = std::vector<std::pair<std::string, at::Tensor>>;

  std::int64_t assets() const { return static_cast<std::int64_t>(data_.assets.size()); }
  at::Tensor angles() const;  // [K, P]
  void load_by_ansatz(const LoaderOptions& options);
  const LoadedRows& trained_rows() const {
    return options_.batch_mode == BatchMode::coherent ? coherent_ : incoherent_;
  }
  /// Rows of a step for these assets; of one_context one row each, drawn from the seed.
  LoadedRows rows_of(const std::vector<std::int64_t>& assets, std::uint64_t seed) const;
  /// The loss of one set of angles [K, P].
  at::Tensor loss_of(const at::Tensor& angles, const std::vector<std::int64_t>& assets,
                     const FidelityObservation& how) const;
  const Predictors& baselines();
  void state_answer(const at::Tensor& conditional, const at::Tensor& basis);

  ContextualForecastOptions options_;
  RandomStreams streams_;
  WindowShape shape_;
  io::FileFingerprints files_;
  MoveData moves_;  // while the task is built
  ForecastData data_;
  ForecastCircuit circuit_;
  models::quantum::Simulator simulator_;
  at::Tensor sequences_;  // joint of context and several outcomes in training, undefined unless predictions > 1
  LoadedRows coherent_, incoherent_;
  double loader_error_ = 0;
  torch::nn::Module module_;
  at::Tensor shared_, specific_;  // [shared], [K, specific]; undefined where there are none
  at::Tensor kept_, turns_;       // angles after the last step and number of steps, where assets take turns
  std::unique_ptr<data::TensorDataset> training_;
  Predictors baselines_;
  nlohmann::json answer_;
};

/// Registers the task, its sources and circuits.
void register_contextual_forecast();

}  // namespace talweg::tasks
