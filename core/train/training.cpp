#include "core/train/training.h"

#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/device/device_info.h"
#include "core/device/out_of_memory.h"
#include "core/device/process_memory.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/task/projected_parameters.h"
#include "core/task/reads_files.h"
#include "core/task/step_size_theory.h"

namespace talweg {
namespace {

/// Steps of a training whose task ends it.
constexpr std::int64_t kUntilItsEnd = 1'000'000'000'000;

}  // namespace

Training::Training(const RunConfig& config, at::Device device, std::unique_ptr<SideBySide> place)
    : config_(config),
      place_(std::move(place)),
      streams_(place_->streams_of(RandomStreams(static_cast<std::uint64_t>(config.seed)))),
      device_(device) {
  FLAGS_caffe2_use_fatal_for_enforce = false;  // memory that cannot be had is an error to explain, not an abort
  const TrainingOptions& training = config_.training;
  place_->in_turn([this] {
    const RandomStreams streams(static_cast<std::uint64_t>(config_.seed));
    torch::manual_seed(streams.seed_of("initialisation"));
    task_ = config_.task.create(TaskContext{device_, storage_type(config_.training.precision), streams});
  });
  own_data_ = place_->part_of(task_->training_data());
  parameters_ = trainable_parameters(task_->module());
  if (parameters_.empty()) throw ConfigError("the model has no trainable parameter");
  optimizer_ = config_.optimizer.create(parameters_);
  place_->take_over(*optimizer_);
  schedule_ = config_.schedule.create();
  const ObjectiveOptions objective{training.precision, training.micro_batch_size.value_or(0), training.clip_norm,
                                   training.non_finite == NonFinitePolicy::skip};
  objective_ =
      std::make_unique<TaskObjective>(*task_, objective, streams_, device_, place_->share_batches(parameters_), data());
  minimised_ = &place_->around(*objective_, parameters_, data().size());
  if (config_.diagnostics.step_time) {
    clock_ = std::make_unique<StepClock>(device_);
    objective_->set_clock(clock_.get());
  }
  if (const auto& sharpness = config_.diagnostics.sharpness)
    sharpness_ = std::make_unique<SharpnessMonitor>(*task_, data(), *sharpness, objective, streams_, device_);
  if (config_.weight_average) average_ = std::make_unique<WeightAverage>(parameters_, config_.weight_average->decay);
  loader_ = make_loader(0);

  own_end_ = dynamic_cast<KnowsItsEnd*>(task_.get());
  if (training.steps || training.epochs)
    total_steps_ = training.steps.value_or(
        static_cast<std::int64_t>(std::ceil(training.epochs.value_or(0) * loader_->steps_per_epoch() - 1e-9)));
  else
    total_steps_ = kUntilItsEnd;
  if (total_steps_ == kUntilItsEnd && !schedule_->is_constant(total_steps_))
    throw ConfigError(
        "schedule.warmup: a warm-up needs the length of the run: give 'training.steps' or "
        "'training.epochs'");
  stops_when_converged_ = training.stop_when_converged.value_or(training.batch_size >= data().size());
  begin_run();
}

std::unique_ptr<data::BatchLoader> Training::make_loader(std::int64_t first_step) const {
  const data::SamplingPlan plan{data(), config_.training.batch_size, streams_};
  return std::make_unique<data::BatchLoader>(data(), make_sampler(config_.training.sampler, *task_, plan), device_,
                                             config_.training.prefetch, first_step, place_->part());
}

void Training::begin_run() {
  run_aware_ = dynamic_cast<RunAware*>(optimizer_.get());
  if (!run_aware_) return;
  RunPlan plan;
  plan.dataset_size = data().size();
  plan.batch_size = config_.training.batch_size;
  plan.steps = total_steps_;
  plan.steps_per_epoch = loader_->steps_per_epoch();
  plan.sampling = loader_->sampling();
  plan.averages_weights = average_ != nullptr;
  plan.clips_gradient = config_.training.clip_norm.has_value();
  plan.keeps_learning_rate = schedule_->is_constant(total_steps_);
  plan.uses_of_data = uses_of_data();
  plan.ranks = place_->part().size;
  plan.streams = streams_;
  plan.clock = clock_.get();
  plan.shows_iterates = place_->shows_iterates();
  run_aware_->begin_run(plan, *minimised_);
}

std::vector<std::string> Training::uses_of_data() const {
  std::vector<std::string> uses = task_->uses_of_data();
  const std::string& metric = config_.checkpoint.best_metric;
  uses.push_back(
      fmt::format("The checkpoint 'best' was chosen by '{}' of the evaluation examples without noise: release the last "
                  "checkpoint, or evaluate on public examples.",
                  metric));
  if (!schedule_->state().is_null())
    uses.push_back(fmt::format(
        "The learning rate followed evaluations without noise (schedule '{}'): evaluate on public examples, "
        "or take a schedule of the steps alone.",
        config_.schedule.type()));
  if (config_.early_stopping)
    uses.push_back(
        fmt::format("The length of the run was decided by '{}' of the evaluation examples without noise: evaluate on "
                    "public examples, or leave 'early_stopping' out.",
                    metric));
  return uses;
}

Work Training::work() const {
  Work work;
  work.steps = total_steps_;
  work.examples_per_step = static_cast<double>(config_.training.batch_size);
  work.tokens_per_step = work.examples_per_step * task_->tokens_per_example();
  if (own_end_) work.examples_per_step = 0;  // what it counts are no examples
  if (total_steps_ == kUntilItsEnd) work.counted = [this] { return own_end_->counted(); };
  if (!device_.is_cpu())
    work.memory_bytes = [device = device_] { return static_cast<double>(peak_device_bytes(device)); };
  else
    work.memory_bytes = [] { return status_mebibytes("VmHWM") * (1 << 20); };
  return work;
}

io::FileFingerprints Training::files() const {
  const auto* reader = dynamic_cast<const ReadsFiles*>(task_.get());
  return reader ? reader->files_read() : io::FileFingerprints();
}

void Training::keep_in(const std::filesystem::path& folder) {
  if (auto* keeps = dynamic_cast<KeepsFiles*>(task_.get())) keeps->keep_in(folder);
}

Cadence Training::cadence() const {
  Cadence cadence;
  cadence.record = config_.training.log_every;
  cadence.evaluate =
      config_.training.evaluate_every.value_or(std::max<std::int64_t>(1, std::llround(loader_->steps_per_epoch())));
  cadence.measure = sharpness_ ? sharpness_->every() : 0;
  cadence.save = config_.checkpoint.every.value_or(cadence.evaluate);
  cadence.seconds_between_saves = config_.checkpoint.least_seconds();
  return cadence;
}

std::string Training::announcement() const {
  std::vector<std::string> sentences{task_->announcement(), run_aware_ ? run_aware_->announcement() : ""};
  if (const auto* theory = dynamic_cast<const StepSizeTheory*>(task_.get()))
    if (const std::optional<double> eta = optimizer_->descent_step()) sentences.push_back(theory->warning(*eta));
  std::erase(sentences, "");
  return fmt::format("{}", fmt::join(sentences, "\ntalweg: "));
}

double Training::epoch(std::int64_t step) const {
  return static_cast<double>(step) / loader_->steps_per_epoch();
}

double Training::last_loss() const {
  return report_.loss.defined() ? report_.loss.item<double>() : std::nan("");
}

void Training::step(std::int64_t index) {
  step_ = index;
  optimizer_->set_schedule_factor(schedule_->factor(step_, total_steps_));
  try {
    data::Batch batch = loader_->next();
    const std::int64_t examples = loader_->whole_size();
    examples_ += examples;
    objective_->begin_step(step_, std::move(batch), examples);
    const StepClock::Scope timed(clock_.get(), StepPhase::update);
    report_ = optimizer_->step(*minimised_);
    report_.loss = place_->own_loss(report_.loss);
    place_->after_step();
    if (auto* projected = dynamic_cast<ProjectedParameters*>(task_.get())) projected->project();
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    throw TrainingError(what_would_fit());
  }
  ++step_;
  counts_.add(report_, step_);
  if (report_.status == StepStatus::skipped_non_finite)
    require_finite_step();
  else if (report_.loss.defined())
    window_.add(report_.loss, step_);
  if (average_) average_->update();
}

std::string Training::finished() const {
  if (own_end_)
    if (const std::string end = own_end_->finished(); !end.empty()) return end;
  if (counts_.exhausted())
    return fmt::format("the budget of evaluations is spent: what is left does not pay for step {}", step_);
  if (!stops_when_converged_ || !counts_.converged_at()) return {};
  return fmt::format("converged at step {}: the optimizer finds nothing left to gain", *counts_.converged_at());
}

void Training::require_finite_step() const {
  const bool tolerated = config_.training.non_finite == NonFinitePolicy::skip;
  const std::int64_t in_a_row = counts_.skipped_in_a_row();
  if (tolerated && in_a_row <= config_.training.non_finite_limit) return;
  throw TrainingError(fmt::format(
      "step {}: {}{}", step_, objective_->defect().empty() ? "loss or gradient is not finite" : objective_->defect(),
      tolerated ? fmt::format(", the last of {} such steps in a row", in_a_row)
                : "; lower the learning rate, clip with 'training.clip_norm', or set 'training.non_finite: skip'"));
}

std::string Training::what_would_fit() const {
  const std::int64_t at_once = config_.training.micro_batch_size.value_or(config_.training.batch_size);
  std::string advice = at_once > 1
                           ? fmt::format("'training.micro_batch_size: {}' (the result is the same), ", at_once / 2)
                           : std::string("a smaller model, ");
  if (config_.training.precision == Precision::float32) advice += "'training.precision: bfloat16', ";
  if (const std::string more = task_->memory_advice(); !more.empty()) advice += more + ", ";
  advice.resize(advice.size() - 2);
  return fmt::format("step {}: out of memory on {} with {} examples at once; try {}", step_ + 1, device_.str(), at_once,
                     advice);
}

void Training::require_sound(std::int64_t step) {
  if (step > 0) require_finite_parameters(step);
  place_->require_equal(parameters_, task_->module().buffers());
}

void Training::require_finite_parameters(std::int64_t step) const {
  torch::NoGradGuard no_grad;
  for (const NamedParameter& parameter : parameters_)
    if (!parameter.tensor.isfinite().all().item<bool>())
      throw TrainingError(fmt::format("step {}: the parameter '{}' is not finite; the last checkpoint is still whole",
                                      step, parameter.name));
}

}  // namespace talweg
