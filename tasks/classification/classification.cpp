#include "tasks/classification/classification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/classification/logistic_pass.h"
#include "tasks/classification/losses.h"

namespace talweg::tasks {
namespace {

std::vector<float> values_per_feature(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.flatten().to(at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace

void declare(config::Fields& f, ClassificationOptions& o) {
  f("data", o.data, "the labelled examples");
  f("model", o.model, "maps an example to one logit per class");
  f("evaluation_share", o.evaluation_share, "share of every class kept for evaluation when the data has no such part",
    config::above(0), config::below(1));
  f("standardize", o.standardize, "shift and scale every feature to mean 0 and deviation 1 on the training part");
  f("ranges", o.ranges,
    "scale features by ranges that are known beforehand instead: low becomes -1, high 1. Nothing of the data enters, "
    "as "
    "private training needs");
  f("classes", o.classes,
    "names of the classes in the order of the outputs, known beforehand; empty: those of the training data, sorted");
  f("rbf_kernel", o.rbf_kernel,
    "replace an example by its kernel values exp(−|x − x_j|²/(2·bandwidth²)) with all training examples");
  f("head", o.head,
    "softmax: a logit per class; logistic: one logit for two classes; squared: an output per class, fitted to 1 for "
    "the true "
    "class and 0 for the others");
  f("label_smoothing", o.label_smoothing, "share of the target spread evenly over all classes", config::at_least(0),
    config::below(1));
  f("evaluation_batch_size", o.evaluation_batch_size, "examples per forward pass in evaluations", config::at_least(1));
}

void validate(const ClassificationOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  std::set<std::string> seen;
  for (const std::string& name : o.classes)
    if (!seen.insert(name).second) diagnostics.error(where.at("classes"), fmt::format("'{}' stands twice", name));
  if (o.classes.size() == 1) diagnostics.error(where.at("classes"), "there are at least two classes");
  if (o.standardize && o.ranges)
    diagnostics.error(where.where, "'standardize' and 'ranges' both scale the features; give one of them");
}

void declare(config::Fields& f, FeatureRanges& o) {
  f("low", o.low, "smallest value of every feature in their order, or one number for all", config::required());
  f("high", o.high, "largest value of every feature, or one number for all", config::required());
}

void validate(const FeatureRanges& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const std::size_t count = std::max(o.low.size(), o.high.size());
  const auto at = [](const std::vector<double>& list, std::size_t i) { return list.size() == 1 ? list[0] : list[i]; };
  for (const auto* list : {&o.low, &o.high})
    if (list->empty() || (list->size() != 1 && list->size() != count))
      return diagnostics.error(where.where, "'low' and 'high' take one number each, or one for every feature");
  for (std::size_t i = 0; i < count; ++i)
    if (!(at(o.low, i) < at(o.high, i)))
      return diagnostics.error(
          where.where, fmt::format("the range of feature {} is empty: {} to {}", i + 1, at(o.low, i), at(o.high, i)));
}

void declare(config::Fields& f, RbfKernelOptions& o) {
  f("bandwidth", o.bandwidth, "width of the kernel, in units of the features", config::above(0));
}

Classification::Classification(const ClassificationOptions& options, const TaskContext& context)
    : options_(options), device_(context.device) {
  ClassificationData source = options_.data.create(context.streams);
  files_ = source.files;
  splits_evaluation_ = source.evaluation.size() == 0;
  if (splits_evaluation_) {
    std::tie(source.training, source.evaluation) =
        data::stratified_split(source.training, options_.evaluation_share, context.streams);
  }
  if (source.training.size() == 0 || source.evaluation.size() == 0)
    throw DataError(fmt::format("{} examples to train on and {} to evaluate on; at least one of each is needed",
                                source.training.size(), source.evaluation.size()));
  if (!options_.classes.empty())
    source.training = data::with_classes(std::move(source.training), options_.classes, "training");
  if (source.training.classes() < 2)
    throw DataError("all examples have the same label; at least two classes are needed");
  source.evaluation = data::with_classes(std::move(source.evaluation), source.training.class_names, "evaluation");
  if (source.evaluation.inputs.sizes().slice(1) != source.training.inputs.sizes().slice(1))
    throw DataError(fmt::format("an evaluation example has the shape [{}], a training example [{}]",
                                fmt::join(source.evaluation.inputs.sizes().slice(1), ", "),
                                fmt::join(source.training.inputs.sizes().slice(1), ", ")));
  describe(source.training);
  scale_features(source);
  if (options_.rbf_kernel) {
    const at::Tensor centres = source.training.inputs.flatten(1).to(at::kDouble);
    const auto kernel = [&](const at::Tensor& inputs) {
      const at::Tensor distances = at::cdist(inputs.flatten(1).to(at::kDouble), centres);
      return at::exp(distances.square() / (-2 * options_.rbf_kernel->bandwidth * options_.rbf_kernel->bandwidth));
    };
    source.training.inputs = kernel(source.training.inputs);
    source.evaluation.inputs = kernel(source.evaluation.inputs);
  }
  class_names_ = source.training.class_names;
  if (options_.head == ClassificationHead::logistic && class_names_.size() != 2)
    throw ConfigError(fmt::format("task.head: 'logistic' is for two classes, the data has {}", class_names_.size()));

  if (options_.head == ClassificationHead::squared && options_.label_smoothing > 0)
    throw ConfigError("task.label_smoothing: is for the head 'softmax'");

  models::TensorModelShape shape;
  shape.input = source.training.inputs.sizes().slice(1).vec();
  shape.outputs = options_.head == ClassificationHead::logistic ? 1 : source.training.classes();
  model_ = options_.model.create(shape);
  model_->to(device_, context.dtype);
  training_ = std::make_unique<data::TensorDataset>(
      std::vector<at::Tensor>{source.training.inputs.to(context.dtype), source.training.targets});
  evaluation_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{
      source.evaluation.inputs.to(device_, context.dtype), source.evaluation.targets.to(device_)});
}

void Classification::describe(const data::LabelledData& training) {
  description_["classes"] = training.class_names;
  const data::FileLayout& layout = training.layout;
  if (!layout.columns.empty()) description_["columns"] = layout.columns;
  if (!layout.label.empty()) description_["label"] = layout.label;
  if (layout.index_base) description_["index_base"] = *layout.index_base;
  if (options_.ranges) description_["scaling"] = {{"low", options_.ranges->low}, {"high", options_.ranges->high}};
}

void Classification::scale_features(ClassificationData& source) {
  if (options_.standardize) {
    const auto standardizer = data::Standardizer::fit(source.training.inputs);
    description_["scaling"] = {{"mean", values_per_feature(standardizer.mean)},
                               {"deviation", values_per_feature(standardizer.scale)}};
    source.training.inputs = standardizer.apply(source.training.inputs);
    source.evaluation.inputs = standardizer.apply(source.evaluation.inputs);
  }
  if (!options_.ranges) return;
  const auto bound = [&](const std::vector<double>& numbers) {
    const at::Tensor all = at::tensor(at::ArrayRef<double>(numbers), at::kDouble);
    const auto shape = source.training.inputs.sizes().slice(1);
    if (all.numel() == 1) return all.expand(shape);
    if (all.numel() != source.training.inputs[0].numel())
      throw ConfigError(fmt::format("task.ranges: {} numbers were given, an example has {} features", all.numel(),
                                    source.training.inputs[0].numel()));
    return all.view(shape);
  };
  const at::Tensor low = bound(options_.ranges->low), high = bound(options_.ranges->high);
  for (data::LabelledData* part : {&source.training, &source.evaluation})
    part->inputs = ((part->inputs.to(at::kDouble) - low) * 2 / (high - low) - 1).to(part->inputs.scalar_type());
}

std::vector<std::string> Classification::uses_of_data() const {
  std::vector<std::string> uses;
  if (options_.standardize)
    uses.push_back(
        "Mean and deviation of every feature were taken from the training examples without noise ('task.standardize'): "
        "give ranges that are known beforehand instead ('task.ranges').");
  if (options_.rbf_kernel)
    uses.push_back(
        "Every training example is a part of the model, as a centre of the kernel ('task.rbf_kernel'): there is no "
        "private way for that.");
  if (splits_evaluation_)
    uses.push_back(
        "The evaluation examples were split off the same data, and metrics of them are published without noise: keep "
        "the metrics, or give a file of public examples to evaluate on.");
  if (options_.classes.empty())
    uses.push_back(
        "The names of the classes were read from the training data, which says that each of them occurs: give them in "
        "the configuration instead ('task.classes').");
  uses.push_back("The number of training examples is taken to be public.");
  return uses;
}

at::Tensor Classification::loss(const data::Batch& batch) {
  return losses_of(batch, at::Reduction::Mean);
}

at::Tensor Classification::example_losses(const data::Batch& batch) {
  return losses_of(batch, at::Reduction::None);
}

at::Tensor Classification::losses_of(const data::Batch& batch, at::Reduction::Reduction reduction) {
  const at::Tensor raw = model_->forward(batch.tensors[0]);
  const at::Tensor logits = raw.scalar_type() == at::kDouble ? raw : raw.to(at::kFloat);
  const at::Tensor& targets = batch.tensors[1];
  if (options_.head == ClassificationHead::softmax && !is_linear())
    return at::cross_entropy_loss(logits, targets, {}, reduction, -100, options_.label_smoothing);
  const at::Tensor losses = options_.head == ClassificationHead::logistic  ? logistic_losses(logits, targets)
                            : options_.head == ClassificationHead::squared ? squared_losses(logits, targets)
                                                                           : softmax_losses(logits, targets);
  return reduction == at::Reduction::Mean ? losses.mean() : losses;
}

bool Classification::is_linear() const {
  return model_->is_linear() && options_.label_smoothing == 0 && options_.head != ClassificationHead::squared;
}

at::Tensor Classification::outputs(const data::Batch& batch) {
  const at::Tensor& inputs = batch.tensors[0];
  // Descent on all data multiplies by the same inputs in every step; by features first they need not be packed for it,
  // which a single output never needs.
  const bool is_whole = inputs.is_same(training_->all().tensors[0]);
  if (!is_whole || options_.head == ClassificationHead::logistic) return model_->forward_transposed(inputs).t();
  if (!inputs_by_feature_.defined()) inputs_by_feature_ = inputs.flatten(1).t().contiguous().t();
  return model_->forward_transposed(inputs_by_feature_).t();
}

std::vector<at::Tensor> Classification::pull_back(const at::Tensor& residual, const data::Batch& batch) {
  return model_->pull_back(batch.tensors[0], residual.t());
}

at::Tensor Classification::losses(const at::Tensor& outputs, const data::Batch& batch) {
  return (options_.head == ClassificationHead::logistic ? logistic_losses(outputs, batch.tensors[1])
                                                        : softmax_losses(outputs, batch.tensors[1]))
      .mean(-1);
}

LinearInParameters::ValueAndResidual Classification::value_and_residual(const at::Tensor& outputs,
                                                                        const data::Batch& batch) {
  const LossesAndResiduals evaluated = options_.head == ClassificationHead::logistic
                                           ? logistic_losses_and_residuals(outputs, batch.tensors[1])
                                           : softmax_losses_and_residuals(outputs, batch.tensors[1]);
  at::Tensor residuals = evaluated.residuals;
  return {evaluated.losses.mean(), residuals.div_(static_cast<double>(evaluated.losses.numel()))};
}

LinearInParameters::Pass Classification::pass(const data::Batch& batch) {
  const at::Tensor inputs = batch.tensors[0].flatten(1);
  const std::vector<at::Tensor> parameters = model_->parameters();
  if (options_.head != ClassificationHead::logistic || !has_logistic_pass(inputs, parameters.front()))
    return LinearInParameters::pass(batch);
  return logistic_pass(inputs, batch.tensors[1], parameters.front(),
                       parameters.size() > 1 ? parameters[1] : at::Tensor());
}

double Classification::smoothness() {
  if (!is_linear())
    throw ConfigError(
        "the smoothness constant of this model is not known; it is for 'model: linear' with a cross-entropy without "
        "label smoothing");
  const data::Batch all = training_->all();
  at::Tensor inputs = all.tensors[0].flatten(1).to(at::kDouble);
  if (model_->parameters().size() > 1) inputs = at::cat({inputs, at::ones({inputs.size(0), 1}, inputs.options())}, 1);
  const at::Tensor gram = inputs.size(0) < inputs.size(1) ? inputs.mm(inputs.t()) : inputs.t().mm(inputs);
  const double largest = at::linalg_eigvalsh(gram).max().item<double>();
  return largest / (options_.head == ClassificationHead::logistic ? 4.0 : 2.0) / static_cast<double>(all.size);
}

at::Tensor Classification::predictions(const at::Tensor& logits) const {
  return options_.head == ClassificationHead::logistic ? (logits.squeeze(1) > 0).to(at::kLong) : logits.argmax(1);
}

template <class Visit>
void Classification::for_each_evaluation_block(Visit&& visit) {
  const data::Batch all = evaluation_->all();
  for (std::int64_t begin = 0; begin < all.size; begin += options_.evaluation_batch_size) {
    const data::Batch block = all.slice(begin, std::min(options_.evaluation_batch_size, all.size - begin));
    visit(model_->forward(block.tensors[0]), block.tensors[1]);
  }
}

Metrics Classification::evaluate() {
  at::Tensor loss = at::zeros({}, at::TensorOptions(device_).dtype(at::kDouble));
  at::Tensor correct = at::zeros({}, at::TensorOptions(device_).dtype(at::kLong));
  for_each_evaluation_block([&](const at::Tensor& logits, const at::Tensor& targets) {
    const at::Tensor exact = logits.to(at::kDouble);
    loss += (options_.head == ClassificationHead::logistic  ? logistic_losses(exact, targets)
             : options_.head == ClassificationHead::squared ? squared_losses(exact, targets)
                                                            : softmax_losses(exact, targets))
                .sum();
    correct += (predictions(logits) == targets).sum();
  });
  const auto count = static_cast<double>(evaluation_->size());
  return {{"loss", loss.item<double>() / count},
          {"accuracy", static_cast<double>(correct.item<std::int64_t>()) / count}};
}

std::vector<plot::Figure> Classification::figures() {
  const auto classes = static_cast<std::int64_t>(class_names_.size());
  constexpr std::int64_t most_classes = 40;
  if (classes > most_classes) return {};
  at::Tensor counts = at::zeros({classes * classes}, at::kLong);
  for_each_evaluation_block([&](const at::Tensor& logits, const at::Tensor& targets) {
    counts += at::bincount((targets * classes + predictions(logits)).cpu(), {}, classes * classes);
  });
  plot::Figure figure;
  figure.name = "confusion_matrix";
  figure.title = "Confusion matrix";
  figure.x_label = "predicted class";
  figure.y_label = "true class";
  figure.caption = fmt::format("{} evaluation examples: each row is a true class, each column what the model said.",
                               evaluation_->size());
  for (std::int64_t row = 0; row < classes; ++row) {
    figure.heat_map.values.emplace_back();
    for (std::int64_t column = 0; column < classes; ++column)
      figure.heat_map.values.back().push_back(
          static_cast<double>(counts.const_data_ptr<std::int64_t>()[row * classes + column]));
  }
  figure.heat_map.row_labels = figure.heat_map.column_labels = class_names_;
  return {figure};
}

}  // namespace talweg::tasks
