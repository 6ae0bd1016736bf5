#include "core/train/trainer.h"

#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <new>
#include <string_view>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/train/signal_watch.h"
#include "core/train/stop_agreement.h"

namespace talweg {
namespace {

/// On a GPU, or on the CPU, whose allocator has no type of error of its own.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) ||
         std::string_view(error.what_without_backtrace()).find("DefaultCPUAllocator") != std::string_view::npos;
}

}  // namespace

at::Device resolve_device(const std::string& device, std::int64_t local_rank) {
  if (device == "cpu") return at::kCPU;
  const bool gpu = torch::cuda::is_available();
  const auto own =
      static_cast<at::DeviceIndex>(gpu ? local_rank % static_cast<std::int64_t>(torch::cuda::device_count()) : 0);
  if (device == "auto") return gpu ? at::Device(at::kCUDA, own) : at::Device(at::kCPU);
  if (!gpu)
    throw ConfigError(
        fmt::format("device: '{}' was asked for, and LibTorch sees no GPU here; use 'cpu' or 'auto'", device));
  const at::Device result(device);
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (result.index() >= count)
    throw ConfigError(fmt::format("device: '{}' was asked for, there are {} GPUs", device, count));
  return {at::kCUDA, static_cast<at::DeviceIndex>(result.has_index() ? result.index() : own)};
}

Trainer::Trainer(const RunConfig& config, const RunDirectory& directory, bool quiet)
    : Trainer(config, make_directory_recorder(directory), quiet, resolve_device(config.device), nullptr) {}

Trainer::Trainer(const RunConfig& config, std::unique_ptr<RunRecorder> recorder, bool quiet, at::Device device,
                 distributed::ProcessGroup* group)
    : config_(config),
      recorder_(std::move(recorder)),
      group_(group && group->size() > 1 ? group : nullptr),
      quiet_(quiet),
      streams_(static_cast<std::uint64_t>(config.seed)),
      device_(device),
      best_(config.checkpoint, config.early_stopping) {
  FLAGS_caffe2_use_fatal_for_enforce = false;  // memory that cannot be had is an error to explain, not an abort
  const TrainingOptions& training = config_.training;
  make_task();
  const ParameterList parameters = trainable_parameters(task_->module());
  if (parameters.empty()) throw ConfigError("the model has no trainable parameter");
  optimizer_ = config_.optimizer.create(parameters);
  if (group_ && config_.distributed.shard_optimizer) sharded_ = std::make_unique<ShardedState>(*group_, *optimizer_);
  schedule_ = config_.schedule.create();
  const ObjectiveOptions objective{training.precision, training.micro_batch_size.value_or(0), training.clip_norm,
                                   training.non_finite == NonFinitePolicy::skip};
  objective_ = std::make_unique<TaskObjective>(*task_, objective, streams_, device_, group_);
  if (config_.diagnostics.step_time) {
    clock_ = std::make_unique<StepClock>(device_);
    objective_->set_clock(clock_.get());
  }
  if (const auto& sharpness = config_.diagnostics.sharpness)
    sharpness_ = std::make_unique<SharpnessMonitor>(*task_, *sharpness, objective, streams_, device_);
  if (config_.weight_average) average_ = std::make_unique<WeightAverage>(parameters, config_.weight_average->decay);
  loader_ = make_loader(0);

  const double per_epoch = loader_->steps_per_epoch();
  total_steps_ =
      training.steps.value_or(static_cast<std::int64_t>(std::ceil(training.epochs.value_or(0) * per_epoch - 1e-9)));
  evaluate_every_ = training.evaluate_every.value_or(std::max<std::int64_t>(1, std::llround(per_epoch)));
  save_every_ = config_.checkpoint.every.value_or(evaluate_every_);
  begin_run();
  if (group_) rank_report_ = std::make_unique<RankReport>(*group_);
}

std::unique_ptr<data::BatchLoader> Trainer::make_loader(std::int64_t first_step) const {
  const data::SamplingPlan plan{task_->training_data().size(), config_.training.batch_size, streams_};
  return std::make_unique<data::BatchLoader>(
      task_->training_data(), config_.training.sampler.create(plan), device_, config_.training.prefetch, first_step,
      group_ ? data::BatchPart{group_->rank(), group_->size()} : data::BatchPart{});
}

void Trainer::begin_run() {
  run_aware_ = dynamic_cast<RunAware*>(optimizer_.get());
  if (!run_aware_) return;
  RunPlan plan;
  plan.dataset_size = task_->training_data().size();
  plan.batch_size = config_.training.batch_size;
  plan.steps = total_steps_;
  plan.steps_per_epoch = loader_->steps_per_epoch();
  plan.sampler = config_.training.sampler.type();
  plan.averages_weights = average_ != nullptr;
  plan.clips_gradient = config_.training.clip_norm.has_value();
  plan.ranks = group_ ? group_->size() : 1;
  plan.streams = streams_;
  plan.clock = clock_.get();
  run_aware_->begin_run(plan, *objective_);
}

RunOutcome Trainer::run() {
  session_start_ = std::chrono::steady_clock::now();
  last_clock_ = step_;
  recorder_->open(step_);
  metrics::ProgressOptions shown;
  shown.total_steps = total_steps_;
  shown.first_step = step_;
  shown.examples_per_step = static_cast<double>(config_.training.batch_size);
  shown.quiet = quiet_;
  progress_ = std::make_unique<metrics::ProgressDisplay>(shown);

  if (run_aware_ && !quiet_)
    if (const std::string line = run_aware_->announcement(); !line.empty()) fmt::print(stderr, "talweg: {}\n", line);

  const SignalWatch signals;
  StopAgreement stop(group_);
  int signal = stop.ask(signals.received());
  require_equal_ranks();
  if (step_ == 0) {
    evaluate();
    write_samples();
    if (sharpness_) measure();
  }
  while (step_ < total_steps_ && !best_.exhausted() && signal == 0) {
    train_step();
    if (due(config_.training.log_every)) record();
    if (due(evaluate_every_)) evaluate();
    if (sharpness_ && due(sharpness_->every())) measure();
    if (due(save_every_)) save();
    signal = stop.ask(signals.received());
  }
  if (const int late = stop.settle(); signal == 0 && step_ < total_steps_) signal = late;
  if (last_save_ != step_) save();
  const nlohmann::json stated = run_aware_ ? account() : nlohmann::json();
  RunOutcome outcome = so_far();
  outcome.account = stated;
  if (rank_report_) outcome.account["distributed"] = rank_report_->account();
  if (signal != 0) {
    outcome.status = RunStatus::interrupted;
    outcome.reason = fmt::format("signal {} ({})", signal, strsignal(signal));
  } else {
    if (step_ < total_steps_)
      outcome.reason = fmt::format("stopped early: {} has not improved for {} evaluations", best_.metric(),
                                   config_.early_stopping->patience);
    write_figures();
    write_samples();
  }
  progress_->finish();
  recorder_->flush();
  return outcome;
}

RunOutcome Trainer::so_far() const {
  RunOutcome outcome;
  outcome.steps = step_;
  outcome.examples = examples_;
  outcome.seconds = seconds();
  for (const at::Tensor& parameter : objective_->parameters()) outcome.parameters += parameter.numel();
  outcome.forwards = forwards_;
  outcome.backwards = backwards_;
  outcome.hessian_products = hessian_products_;
  outcome.diagnostic_seconds = diagnostic_seconds_;
  outcome.metrics = latest_;
  outcome.best = best_.best();
  return outcome;
}

void Trainer::train_step() {
  data::Batch batch = loader_->next();
  const std::int64_t examples = loader_->whole_size();
  examples_ += examples;
  optimizer_->set_schedule_factor(schedule_->factor(step_, total_steps_));
  try {
    objective_->begin_step(step_, std::move(batch), examples);
    const StepClock::Scope timed(clock_.get(), StepPhase::update);
    report_ = optimizer_->step(*objective_);
    if (sharded_) sharded_->exchange_parameters();
  } catch (const c10::Error& error) {
    if (!is_out_of_memory(error)) throw;
    throw TrainingError(what_would_fit());
  } catch (const std::bad_alloc&) {
    throw TrainingError(what_would_fit());
  }
  ++step_;
  forwards_ += report_.forwards;
  backwards_ += report_.backwards;
  if (report_.status == StepStatus::skipped_non_finite) {
    ++skipped_;
    ++skipped_in_a_row_;
    const bool tolerated = config_.training.non_finite == NonFinitePolicy::skip;
    if (!tolerated || skipped_in_a_row_ > config_.training.non_finite_limit)
      throw TrainingError(fmt::format(
          "step {}: {}{}", step_,
          objective_->defect().empty() ? "loss or gradient is not finite" : objective_->defect(),
          tolerated ? fmt::format(", the last of {} such steps in a row", skipped_in_a_row_)
                    : "; lower the learning rate, clip with 'training.clip_norm', or set 'training.non_finite: skip'"));
  } else {
    skipped_in_a_row_ = 0;
    window_.add(report_.loss, step_);
  }
  if (average_) average_->update();
  if (progress_->due()) progress_->show(step_, epoch(), report_.loss.item<double>());
}

std::string Trainer::what_would_fit() const {
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

void Trainer::save() {
  require_finite_parameters();
  require_equal_ranks();
  recorder_->flush();
  recorder_->save(state(), config_.checkpoint.keep);
  last_save_ = step_;
}

void Trainer::require_finite_parameters() const {
  torch::NoGradGuard no_grad;
  for (const NamedParameter& parameter : optimizer_->named_parameters())
    if (!parameter.tensor.isfinite().all().item<bool>())
      throw TrainingError(fmt::format("step {}: the parameter '{}' is not finite; the last checkpoint is still whole",
                                      step_, parameter.name));
}

double Trainer::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - session_start_).count();
}

}  // namespace talweg
