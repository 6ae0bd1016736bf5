#include "tasks/text_classification/text_classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/weights/model_folder.h"

namespace talweg::tasks {

void declare(config::Fields& f, TransferOptions& o) {
  f("name", o.name, "names the metrics: NAME_accuracy …", config::required());
  f("data", o.data, "the texts", config::required());
}

void declare(config::Fields& f, TextClassificationOptions& o) {
  f("data", o.data, "the labelled texts to train on");
  f("evaluation_data", o.evaluation_data,
    "labelled texts to evaluate on; without it a share of `data` is kept for that");
  f("evaluation_share", o.evaluation_share, "share of every class kept for evaluation", config::above(0),
    config::below(1));
  f("transfer", o.transfer, "further texts that are only evaluated on, such as another domain");
  f("lexicon", o.lexicon, "file of words with a rating each (word, tab, number): a baseline for signs and values");
  f("backbone", o.backbone, "the encoder and its tokenizer");
  f("target", o.target,
    "classes: labels are names; sign: labels are numbers, learnt is their sign, 0 is left out; value: the number "
    "itself, "
    "by squared error");
  f("classes", o.classes,
    "names of the classes in the order of the outputs, known beforehand; empty: those of the training texts, sorted");
  f("pooling", o.pooling, "how the tokens' vectors become one (default: what suits the backbone)");
  f("keep_head", o.keep_head, "start from the head in the backbone's files instead of a new one");
  f("head_dropout", o.head_dropout, "share of the pooled vector's components left out in training", config::at_least(0),
    config::below(1));
  f("label_smoothing", o.label_smoothing, "share of the target spread evenly over all classes", config::at_least(0),
    config::below(1));
  f("longest", o.longest, "texts are cut to this many tokens", config::at_least(4));
  f("frozen_layers", o.frozen_layers,
    "the embeddings and this many layers above them are not trained (default: everything is trained)",
    config::at_least(0));
  f("evaluation_batch_size", o.evaluation_batch_size, "texts per forward pass in evaluations", config::at_least(1));
}

void validate(const TextClassificationOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.target == TextTarget::value && o.label_smoothing > 0)
    diagnostics.error(where.where, "'label_smoothing' is for classes, not for target: value");
  if (o.target != TextTarget::classes && !o.classes.empty())
    diagnostics.error(where.at("classes"), "'classes' is for labels that are names (target: classes)");
  if (o.target == TextTarget::classes && !o.lexicon.empty())
    diagnostics.error(where.where, "'lexicon' is for labels that are numbers (target: sign or value)");
  for (std::size_t i = 0; i < o.transfer.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (o.transfer[i].name == o.transfer[j].name)
        diagnostics.error(where.where, fmt::format("two entries of 'transfer' are called '{}'", o.transfer[i].name));
}

TextClassification::TextClassification(const TextClassificationOptions& options, const TaskContext& context)
    : options_(options), device_(context.device), class_names_(options.classes) {
  TargetedTexts training = target(options_.data.create(context.streams), options_.target, class_names_), evaluation;
  if (options_.evaluation_data)
    evaluation = target(options_.evaluation_data->create(context.streams), options_.target, class_names_);
  else
    std::tie(training, evaluation) = split(training, options_.evaluation_share, context.streams);
  files_ = training.texts.files;
  io::append(files_, evaluation.texts.files);
  if (training.texts.first.empty() || evaluation.texts.first.empty())
    throw DataError(fmt::format("{} texts to train on and {} to evaluate on; at least one of each is needed",
                                training.texts.size(), evaluation.texts.size()));

  backbone_ = options_.backbone.create();
  io::append(files_, backbone_.files);
  if (options_.longest > backbone_.encoder->positions())
    throw ConfigError(fmt::format("task.longest: {} tokens, the encoder has {} positions", options_.longest,
                                  backbone_.encoder->positions()));
  pooling_ = options_.pooling.value_or(backbone_.pooling);
  if (pooling_ == models::Pooling::summary && !backbone_.encoder->has_summary())
    throw ConfigError("task.pooling: this backbone has no summary of a text");

  const auto dataset = [&](const TargetedTexts& part) {
    const at::Tensor targets =
        is_regression() ? at::tensor(part.ratings, at::kDouble).to(context.dtype) : at::tensor(part.classes, at::kLong);
    return std::make_unique<TextDataset>(part.texts, targets, *backbone_.tokenizer, options_.longest);
  };
  std::vector<std::int64_t> counts(std::max<std::size_t>(class_names_.size(), 2));
  for (const std::int64_t name : training.classes)
    if (name >= 0) ++counts[static_cast<std::size_t>(name)];
  const std::int64_t majority = std::max_element(counts.begin(), counts.end()) - counts.begin();
  const auto lexicon =
      options_.lexicon.empty() ? nullptr : std::make_unique<Lexicon>(std::filesystem::path(options_.lexicon));
  if (lexicon) io::append(files_, {io::fingerprint_of(options_.lexicon)});
  training_ = dataset(training);
  sets_.emplace_back("", evaluation, dataset(evaluation), majority, lexicon.get());
  for (const TransferOptions& transfer : options_.transfer) {
    const TargetedTexts texts = target(transfer.data.create(context.streams), options_.target, class_names_);
    io::append(files_, texts.texts.files);
    sets_.emplace_back(transfer.name + "_", texts, dataset(texts), majority, lexicon.get());
  }

  const double mean = training.ratings.empty()
                          ? 0
                          : std::accumulate(training.ratings.begin(), training.ratings.end(), 0.0) /
                                static_cast<double>(training.ratings.size());
  make_head(context, mean);
  freeze();
}

std::vector<std::string> TextClassification::uses_of_data() const {
  std::vector<std::string> uses;
  if (is_regression() && !options_.keep_head)
    uses.push_back(
        "The model began at the mean rating of the training texts, without noise: 'task.keep_head' begins at that of "
        "the "
        "backbone's files.");
  if (!options_.evaluation_data)
    uses.push_back(
        "The evaluation texts were split off the same data, and metrics of them are published without noise: keep the "
        "metrics, or give public texts to evaluate on ('task.evaluation_data').");
  if (options_.target == TextTarget::classes && options_.classes.empty())
    uses.push_back(
        "The names of the classes were read from the training texts, which says that each of them occurs: give them in "
        "the configuration instead ('task.classes').");
  uses.push_back("The number of training texts and the commonest of their classes are taken to be public.");
  return uses;
}

void TextClassification::make_head(const TaskContext& context, double first_value) {
  const auto outputs = is_regression() ? 1 : static_cast<std::int64_t>(class_names_.size());
  torch::NoGradGuard no_grad;
  head_ = torch::nn::Linear(backbone_.encoder->width(), outputs);
  head_->weight.normal_(0, 0.02);
  head_->bias.fill_(is_regression() ? first_value : 0);
  if (options_.keep_head) {
    const std::string problem =
        !backbone_.head                               ? "the backbone's files hold no head"
        : backbone_.head->weight.size(0) != outputs   ? "the head of the backbone's files has another number of outputs"
        : backbone_.head->class_names != class_names_ ? "the head of the backbone's files is for other classes"
                                                      : "";
    if (!problem.empty()) throw ConfigError("task.keep_head: " + problem);
    head_->weight.copy_(backbone_.head->weight);
    head_->bias.copy_(backbone_.head->bias);
  }
  module_.register_module("encoder", backbone_.encoder);
  module_.register_module("head", head_);
  module_.to(device_, context.dtype);
}

void TextClassification::freeze() {
  // What nothing reads has no gradient.
  if (pooling_ != models::Pooling::summary)
    for (at::Tensor& parameter : backbone_.encoder->beside_hidden()) parameter.requires_grad_(false);
  if (!options_.frozen_layers) return;
  auto stages = backbone_.encoder->stages();
  const auto layers = static_cast<std::int64_t>(stages.size()) - 1;
  if (*options_.frozen_layers > layers)
    throw ConfigError(
        fmt::format("task.frozen_layers: {}, the encoder has {} layers", *options_.frozen_layers, layers));
  for (std::int64_t i = 0; i <= *options_.frozen_layers; ++i)
    for (at::Tensor& parameter : stages[static_cast<std::size_t>(i)]) parameter.requires_grad_(false);
}

at::Tensor TextClassification::outputs(const data::Batch& batch) {
  const models::TextInput input = text_input(batch);
  const at::Tensor pooled = models::pool(pooling_, *backbone_.encoder, backbone_.encoder->hidden(input), input.mask);
  const bool training = module_.is_training() && options_.head_dropout > 0;
  return head_->forward(at::dropout(pooled, options_.head_dropout, training));
}

at::Tensor TextClassification::losses_of(const data::Batch& batch, at::Reduction::Reduction reduction) {
  const at::Tensor raw = outputs(batch);
  const at::Tensor exact = raw.scalar_type() == at::kDouble ? raw : raw.to(at::kFloat);
  const at::Tensor& targets = batch.tensors[3];
  if (is_regression()) return at::mse_loss(exact.squeeze(1), targets, reduction);
  return at::cross_entropy_loss(exact, targets, {}, reduction, -100, options_.label_smoothing);
}

at::Tensor TextClassification::loss(const data::Batch& batch) {
  return losses_of(batch, at::Reduction::Mean);
}

at::Tensor TextClassification::example_losses(const data::Batch& batch) {
  return losses_of(batch, at::Reduction::None);
}

at::Tensor TextClassification::all_outputs(const EvaluationSet& set) {
  const std::vector<std::int64_t> order = set.texts->by_length();
  const at::Tensor result = at::empty({set.texts->size(), head_->weight.size(0)}, at::kDouble);
  const auto step = static_cast<std::size_t>(options_.evaluation_batch_size);
  for (std::size_t begin = 0; begin < order.size(); begin += step) {
    const auto indices = std::span(order).subspan(begin, std::min(step, order.size() - begin));
    const data::Batch batch = set.texts->batch(indices, 0).to(device_);
    const at::Tensor places = at::tensor(at::ArrayRef<std::int64_t>(indices.data(), indices.size()), at::kLong);
    result.index_copy_(0, places, outputs(batch).to(at::kCPU, at::kDouble));
  }
  return result;
}

Metrics TextClassification::evaluate() {
  Metrics metrics;
  const auto append = [&](const Metrics& more) { metrics.insert(metrics.end(), more.begin(), more.end()); };
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    const EvaluationSet& set = sets_[i];
    const at::Tensor outputs = all_outputs(set);
    if (i == 0) {
      const at::Tensor targets = set.texts->targets();
      const at::Tensor loss = is_regression() ? at::mse_loss(outputs.squeeze(1), targets.to(at::kDouble))
                                              : at::cross_entropy_loss(outputs, targets);
      metrics.emplace_back("loss", loss.item<double>());
    }
    append(scores_of(read_predictions(outputs, is_regression()), set, set.prefix));
    metrics.emplace_back(set.prefix + "majority_accuracy", score_of(set.majority, set, "accuracy"));
    if (!set.lexicon.scores.empty()) {
      metrics.emplace_back(set.prefix + "lexicon_accuracy", score_of(set.lexicon, set, "accuracy"));
      metrics.emplace_back(set.prefix + "lexicon_pearson", score_of(set.lexicon, set, "pearson"));
    }
  }
  return metrics;
}

void TextClassification::write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) {
  const auto portable = [](const at::Tensor& tensor) { return tensor.detach().to(at::kCPU, at::kFloat); };
  weights::ModelFolderContent content =
      backbone_.folder_content({pooling_, class_names_, portable(head_->weight), portable(head_->bias)});
  weights::set_number_type(content, type.value_or(backbone_.number_type));
  weights::write_model_folder(folder, content);
}

}  // namespace talweg::tasks
