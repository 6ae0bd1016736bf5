#include "tasks/in_context_regression/in_context_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Prompts that are answered at once in evaluations.
constexpr std::int64_t kBlock = 2048;

double mean_of(const at::Tensor& errors) {
  return errors.mean().item<double>();
}
double median_of(const at::Tensor& errors) {
  return errors.quantile(0.5).item<double>();
}
/// Mean without the largest `share` of the errors.
double trimmed_mean_of(const at::Tensor& errors, double share) {
  const auto kept = static_cast<std::int64_t>(std::ceil((1 - share) * static_cast<double>(errors.numel())));
  return std::get<0>(errors.sort()).narrow(0, 0, std::max<std::int64_t>(1, kept)).mean().item<double>();
}

PromptLaw law_of(const InContextRegressionOptions& o, Covariance covariance) {
  PromptLaw law;
  law.dimension = o.dimension;
  law.examples = o.examples;
  law.steps = o.steps;
  law.step_size = o.step_size;
  law.noise = o.noise;
  law.path = o.cot_path;
  law.covariance = std::move(covariance);
  return law;
}

/// The true answer at every step, and w_0: a path of one step to w*.
at::Tensor direct_path(const at::Tensor& weights) {
  return at::stack({at::zeros_like(weights), weights}, 1);
}

}  // namespace

void declare(config::Fields& f, InContextEvaluationOptions& o) {
  using config::at_least;
  using config::below;
  f("prompts", o.prompts, "prompts of every evaluation, the same each time", at_least(1));
  f("steps", o.steps, "decode lengths T that are reported, beside the trained one", at_least(1));
  f("trim", o.trim, "share of the largest errors that the trimmed mean leaves out", at_least(0), below(1));
  f("shift", o.shift, "a second covariance of the inputs, evaluated beside the trained one");
}

void declare(config::Fields& f, InContextRegressionOptions& o) {
  using config::above;
  using config::at_least;
  f("dimension", o.dimension, "d, numbers per input", at_least(1));
  f("examples", o.examples, "n, examples per prompt", at_least(1));
  f("steps", o.steps, "k, steps that are trained: tokens of the chain of thought, or loops", at_least(1));
  f("step_size", o.step_size, "eta of gradient descent, which makes the path and is drawn beside every error",
    above(0));
  f("noise", o.noise, "standard deviation of the noise on the labels", at_least(0));
  f("covariance", o.covariance, "of the inputs");
  f("cot_path", o.cot_path,
    "the true tokens: gradient descent on the prompt's own examples, or its ideal course with infinitely many");
  f("supervision", o.supervision,
    "cot: every step against the path; direct: a single step against w*; outcome: w* after k steps of the model's own");
  f("last_steps", o.last_steps, "b: with outcome supervision, the loss is the mean over the last b steps", at_least(1));
  f("step_reduction", o.step_reduction, "how the losses of the steps of a path are put together");
  f("prompts_per_epoch", o.prompts_per_epoch, "fresh prompts that count as an epoch", at_least(1));
  f("prompt_pool", o.prompt_pool, "train on a fixed set of so many prompts (default: fresh prompts at every step)",
    at_least(1));
  f("curriculum", o.curriculum, "fresh prompts that start easy");
  f("evaluation", o.evaluation, "what is measured");
  f("model", o.model, "what answers the prompts");
}

void validate(const InContextRegressionOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const auto at = [&](const char* key) { return where.at(key); };
  if (o.last_steps > 1 && o.supervision != Supervision::outcome)
    diagnostics.error(at("last_steps"), "'last_steps' is for 'supervision: outcome'");
  if (o.last_steps > o.steps)
    diagnostics.error(at("last_steps"),
                      fmt::format("'last_steps' is {}, and there are {} steps", o.last_steps, o.steps));
  if (o.prompt_pool && (o.curriculum.dimension || o.curriculum.examples))
    diagnostics.error(at("curriculum"), "'curriculum' is for fresh prompts, not for a 'prompt_pool'");
  if (o.curriculum.dimension && o.curriculum.dimension->start > o.dimension)
    diagnostics.error(at("curriculum"), fmt::format("'curriculum.dimension.start' is {}, 'dimension' is {}",
                                                    o.curriculum.dimension->start, o.dimension));
  if (o.curriculum.examples && o.curriculum.examples->start > o.examples)
    diagnostics.error(at("curriculum"), fmt::format("'curriculum.examples.start' is {}, 'examples' is {}",
                                                    o.curriculum.examples->start, o.examples));
  if (o.cot_path == PathSource::ideal && o.step_size > 1)
    diagnostics.error(at("step_size"), "the ideal path oscillates for a 'step_size' above 1");
}

InContextRegression::InContextRegression(const InContextRegressionOptions& options, const TaskContext& context)
    : options_(options), trained_steps_(options.supervision == Supervision::direct ? 1 : options.steps) {
  shown_steps_ = options.evaluation.steps;
  shown_steps_.push_back(trained_steps_);
  std::sort(shown_steps_.begin(), shown_steps_.end());
  shown_steps_.erase(std::unique(shown_steps_.begin(), shown_steps_.end()), shown_steps_.end());

  model_ = options_.model.create({options.dimension, options.examples, trained_steps_});
  if (const std::int64_t most = model_->most_steps(); most > 0 && shown_steps_.back() > most)
    throw ConfigError(
        fmt::format("task: the model '{}' takes {}, and {} were asked for ('steps', 'evaluation.steps'){}",
                    options_.model.type(), most == 1 ? "one step" : fmt::format("at most {} steps", most),
                    shown_steps_.back(), most == 1 ? "; it is trained with 'supervision: direct'" : ""));
  model_->to(context.device, context.dtype);

  const PromptLaw law = law_of(options_, options_.covariance.create(options.dimension, context.streams));
  if (options_.prompt_pool) {
    const DrawnPrompts pool =
        draw_prompts(law, *options_.prompt_pool, context.streams, "prompt pool", context.device, context.dtype);
    training_ = std::make_unique<data::TensorDataset>(pool.to_batch().tensors);
  } else {
    training_ = std::make_unique<PromptStream>(law, options_.curriculum, options_.prompts_per_epoch, context.streams,
                                               context.device, context.dtype);
  }
  evaluation_sets_.push_back(make_evaluation_set("", law, context));
  if (options_.evaluation.shift)
    evaluation_sets_.push_back(make_evaluation_set(
        "shifted_", law_of(options_, options_.evaluation.shift->create(options.dimension, context.streams)), context));
  for (const auto& [name, matrix] : model_->matrices()) initial_matrices_.emplace_back(name, matrix.clone());
}

InContextRegression::EvaluationSet InContextRegression::make_evaluation_set(const std::string& prefix, PromptLaw law,
                                                                            const TaskContext& context) const {
  torch::NoGradGuard no_grad;
  // The descent that errors are held against is on the prompt's own examples, and as long as the longest decoding.
  PromptLaw long_law = law;
  long_law.steps = std::max(shown_steps_.back(), options_.steps);
  long_law.path = PathSource::empirical;
  EvaluationSet set{prefix, law, {}, {}, 0};
  const auto draw = [&](const PromptLaw& of) {
    return draw_prompts(of, options_.evaluation.prompts, context.streams, "evaluation prompts", context.device,
                        context.dtype);
  };
  DrawnPrompts descent = draw(long_law);
  const models::Prompts& prompts = descent.prompts;
  const auto squared_errors = [&](const at::Tensor& weights) {
    const at::Tensor difference = weights - descent.weights.unsqueeze(1);
    return model_->answers_of(difference, prompts).to(at::kDouble).square().sum(2);
  };
  set.descent_errors = squared_errors(descent.path.narrow(1, 1, shown_steps_.back())).contiguous();
  const at::Tensor best = law.covariance.best_single_step(law.examples).to(prompts.context.options());
  const at::Tensor correlation =
      prompts.inputs().matmul(prompts.labels().unsqueeze(2)).squeeze(2) / static_cast<double>(law.examples);
  set.single_step = mean_of(squared_errors(correlation.mm(best.t()).unsqueeze(1)));
  if (law.path == PathSource::ideal)
    set.drawn = draw(law);
  else
    set.drawn = {descent.prompts, descent.weights, descent.path.narrow(1, 0, law.steps + 1)};
  return set;
}

at::Tensor InContextRegression::loss(const data::Batch& batch) {
  const DrawnPrompts drawn = DrawnPrompts::from_batch(batch);
  if (options_.supervision == Supervision::outcome) {
    const at::Tensor answers = model_->answers(drawn.prompts, trained_steps_);
    const at::Tensor target = model_->answers_of(drawn.weights.unsqueeze(1), drawn.prompts);
    const at::Tensor last = answers.narrow(1, trained_steps_ - options_.last_steps, options_.last_steps);
    return 0.5 * (last - target).square().sum(2).mean();
  }
  const bool direct = options_.supervision == Supervision::direct;
  const at::Tensor loss = model_->path_loss(drawn.prompts, direct ? direct_path(drawn.weights) : drawn.path);
  return options_.step_reduction == StepReduction::mean ? loss / static_cast<double>(trained_steps_) : loss;
}

at::Tensor InContextRegression::errors(const DrawnPrompts& drawn, std::int64_t steps) {
  std::vector<at::Tensor> blocks;
  for (std::int64_t begin = 0; begin < drawn.prompts.count(); begin += kBlock) {
    const std::int64_t length = std::min(kBlock, drawn.prompts.count() - begin);
    const models::Prompts prompts{drawn.prompts.context.narrow(0, begin, length),
                                  drawn.prompts.query.narrow(0, begin, length)};
    const at::Tensor truth = model_->answers_of(drawn.weights.narrow(0, begin, length).unsqueeze(1), prompts);
    blocks.push_back((model_->answers(prompts, steps) - truth).to(at::kDouble).square().sum(2));
  }
  return at::cat(blocks).nan_to_num(INFINITY, INFINITY, INFINITY);  // ∞ − ∞ of a prompt that diverges
}

void InContextRegression::measure(const EvaluationSet& set, Metrics& metrics) {
  const at::Tensor measured = errors(set.drawn, shown_steps_.back());
  const auto add = [&](const std::string& name, double value) { metrics.emplace_back(set.prefix + name, value); };
  add("loss", 0.5 * mean_of(measured.select(1, trained_steps_ - 1)));
  for (const std::int64_t steps : shown_steps_) {
    const at::Tensor error = measured.select(1, steps - 1), descent = set.descent_errors.select(1, steps - 1);
    const auto name = [&](const char* what) { return fmt::format("{}_{}", what, steps); };
    add(name("error"), mean_of(error));
    add(name("median"), median_of(error));
    add(name("trimmed"), trimmed_mean_of(error, options_.evaluation.trim));
    add(name("descent_error"), mean_of(descent));
    add(name("descent_median"), median_of(descent));
    add(name("over_descent"), mean_of(error) / mean_of(descent));
  }
  add("single_step", set.single_step);
}

Metrics InContextRegression::evaluate() {
  torch::NoGradGuard no_grad;
  Metrics metrics;
  for (const EvaluationSet& set : evaluation_sets_) measure(set, metrics);
  const data::Batch all = evaluation_sets_.front().drawn.to_batch();
  double objective = 0;
  for (std::int64_t begin = 0; begin < all.size; begin += kBlock) {
    const std::int64_t length = std::min(kBlock, all.size - begin);
    objective += loss(all.slice(begin, length)).item<double>() * static_cast<double>(length);
  }
  metrics.emplace_back("objective", objective / static_cast<double>(all.size));
  for (const auto& [name, value] : model_->diagnostics()) metrics.emplace_back(name, value);
  return metrics;
}

}  // namespace talweg::tasks
