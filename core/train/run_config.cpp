#include "core/train/run_config.h"

#include <algorithm>

#include "core/optimizer/abilities.h"
#include "core/task/capabilities.h"

namespace talweg {
namespace {

/// Whether the component of this name was registered with the ability.
template <class Kind>
bool is_able(const std::string& name, const std::string& ability) {
  const auto able = config::Registry<Kind>::instance().names_with(ability);
  return std::find(able.begin(), able.end(), name) != able.end();
}

}  // namespace

using config::above;
using config::at_least;
using config::at_most;
using config::below;

void declare(config::Fields& f, TrainingOptions& o) {
  f("steps", o.steps, "length of the run in optimizer steps", at_least(1));
  f("epochs", o.epochs, "length of the run in passes over the training data; give this or 'steps'", above(0));
  f("batch_size", o.batch_size, "examples per optimizer step, all micro-batches and ranks together", at_least(1));
  f("micro_batch_size", o.micro_batch_size,
    "examples per forward and backward pass of a rank; gradients are accumulated over the batch (default: the whole "
    "batch)",
    at_least(1));
  f("sampler", o.sampler, kSamplerChoice);
  f("precision", o.precision, "bfloat16 keeps parameters in float32 and multiplies in bfloat16");
  f("clip_norm", o.clip_norm, "scale the gradient down to this Euclidean norm when it is larger", above(0));
  f("non_finite", o.non_finite, "at a non-finite loss or gradient: stop the run, or skip the update");
  f("non_finite_limit", o.non_finite_limit, "updates in a row that may be skipped before the run stops", at_least(1));
  f("stop_when_converged", o.stop_when_converged,
    "end the run when the optimizer finds nothing left to gain (default: when batches are the whole data set)");
  f("log_every", o.log_every, "steps between two records of the training metrics", at_least(1));
  f("evaluate_every", o.evaluate_every, "steps between two evaluations (default: one epoch)", at_least(1));
  f("prefetch", o.prefetch, "batches prepared ahead by a background thread; 0 prepares them in line", at_least(0),
    at_most(64));
}

void validate(const TrainingOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.steps && o.epochs)
    diagnostics.error(where.where, "'steps' and 'epochs' contradict each other; give one of them");
  if (o.micro_batch_size && *o.micro_batch_size > o.batch_size)
    diagnostics.error(where.at("micro_batch_size"), "'micro_batch_size' is larger than 'batch_size'");
}

void declare(config::Fields& f, WeightAverageOptions& o) {
  f("decay", o.decay, "share of the old average kept at each step; evaluations use the average", at_least(0), below(1));
}

void declare(config::Fields& f, RunConfig& o) {
  declare(f, static_cast<RunHeader&>(o));
  f("task", o.task, "what is learnt: data, model, loss and evaluation", config::required());
  f("optimizer", o.optimizer, "how the parameters are updated");
  f("schedule", o.schedule, "how the learning rate changes over the run");
  f("training", o.training, "length, batches, precision, logging", config::required());
  f("checkpoint", o.checkpoint, "how often the state is saved and what is kept");
  f("early_stopping", o.early_stopping, "end the run when the best metric stops improving");
  f("weight_average", o.weight_average, "exponential moving average of the parameters");
  f("diagnostics", o.diagnostics, "what is measured beside the training");
  f("distributed", o.distributed, "how the processes of a run that share its batches talk to each other");
  f("expect", o.expect, "what the run should show; checked by 'talweg reproduce' and shown in the report");
}

void validate(const RunConfig& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(static_cast<const RunHeader&>(o), where, diagnostics);
  const bool endless = !o.training.steps && !o.training.epochs;
  if (endless && !is_able<TaskKind>(o.task.type(), KnowsItsEnd::ability))
    diagnostics.error(where.at("training"), "the length of the run is missing: give 'steps' or 'epochs'");
  else if (endless && o.schedule.type() != "constant")
    diagnostics.error(where.at("schedule"), "the schedule '" + o.schedule.type() +
                                                "' needs the length of the run: give 'training.steps' or "
                                                "'training.epochs'");
  if (is_able<TaskKind>(o.task.type(), HasNoGradient::ability) && !o.optimizer.empty() &&
      !is_able<OptimizerKind>(o.optimizer.type(), NeedsNoGradient::ability))
    diagnostics.error(where.at("optimizer"), "the task '" + o.task.type() + "' has no gradient, which '" +
                                                 o.optimizer.type() +
                                                 "' needs; choose an optimizer that needs values alone" +
                                                 optimizers_with(NeedsNoGradient::ability));
}

}  // namespace talweg
