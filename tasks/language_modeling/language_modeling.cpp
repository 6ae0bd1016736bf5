#include "tasks/language_modeling/language_modeling.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/task/curve_group.h"
#include "core/tokenizer/chat_template.h"
#include "models/language/fused.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/source_files.h"

namespace talweg::tasks {

void declare(config::Fields& f, LanguageEvaluationOptions& o) {
  using config::above;
  using config::at_least;
  f("share", o.share, "of the corpus, at its end, that is held out for evaluation", above(0), config::below(1));
  f("data", o.data, "a corpus of its own to evaluate on instead");
  f("batch_size", o.batch_size, "sequences that are evaluated at once", at_least(1));
  f("sequences", o.sequences, "evaluate on the first so many sequences only", at_least(1));
  f("galore_compat_eval", o.galore_compat_eval,
    "also report the loss as the GaLore experiments compute it: mean of batch means over one batch too many");
}

void declare(config::Fields& f, LanguageSampleOptions& o) {
  f("prompts", o.prompts, "texts that are continued before and after training, for the report");
  declare(f, o.sampling);
}

void declare(config::Fields& f, LanguageModelingOptions& o) {
  f("data", o.data, "the corpus");
  f("pretrained", o.pretrained,
    "weights to start from, with their architecture and tokenizer: a Hugging Face folder or a GGUF file");
  f("tokenizer", o.tokenizer,
    "'bytes' (the default), or a tokenizer.json, a folder with one, a GGUF file or a SentencePiece model; not with "
    "'pretrained'");
  f("model", o.model, "what is trained, from random weights (default: llama of size 9M); not with 'pretrained'");
  f("length", o.length, "tokens of a sequence", config::at_least(2));
  f("sequences", o.sequences, "the stream of documents cut evenly, or a document each");
  f("end_of_document", o.end_of_document, "the tokenizer's end of text behind every document, where it has one");
  f("activation_checkpointing", o.activation_checkpointing,
    "keep only the input of every layer and compute the rest again: less memory, a third more time");
  f("adapter", o.adapter, "train low-rank adapters (LoRA) and nothing else");
  f("evaluation", o.evaluation, "what the model is measured on");
  f("samples", o.samples, "text for the report");
  f("cache", o.cache,
    "folder of tokenised corpora (default: $TALWEG_CACHE_DIR, $XDG_CACHE_HOME/talweg or ~/.cache/talweg)");
}

void validate(const LanguageModelingOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.pretrained.empty()) return;
  const auto refuse = [&](const char* key) {
    diagnostics.error(where.at(key), fmt::format("'{}' is part of what 'pretrained' names", key));
  };
  if (o.model) refuse("model");
  if (o.tokenizer) refuse("tokenizer");
}

LanguageModeling::LanguageModeling(const LanguageModelingOptions& options, const TaskContext& context)
    : options_(options), device_(context.device), streams_(context.streams) {
  if (!options_.pretrained.empty()) {
    PretrainedLanguageModel pretrained = read_language_model(options_.pretrained);
    io::append(files_, fingerprints_of_model(options_.pretrained));
    model_ = std::move(pretrained.model);
    tokenizer_ = std::move(pretrained.tokenizer);
    tokenizer_key_ = std::move(pretrained.tokenizer_key);
    number_type_ = pretrained.number_type;
    if (model_->positions() > 0 && options_.length > model_->positions())
      throw ConfigError(fmt::format("task.length: {} tokens, and '{}' has {} positions", options_.length,
                                    options_.pretrained, model_->positions()));
  } else {
    NamedTokenizer named = read_named_tokenizer(options_.tokenizer.value_or("bytes"));
    io::append(files_, fingerprints_of_tokenizer(options_.tokenizer.value_or("bytes")));
    tokenizer_ = std::move(named.tokenizer);
    tokenizer_key_ = std::move(named.key);
  }
  read_data(context);
  if (!model_)
    model_ = options_.model.value_or(config::Component<models::LanguageModelKind>("llama"))
                 .create({tokenizer_->vocabulary_size(), options_.length});
  if (options_.adapter) {
    if (options_.adapter->weights.empty()) {
      models::attach_adapters(*model_, *options_.adapter);
    } else {
      read_adapters(options_.adapter->weights, *model_);
      io::append(files_, fingerprints_of_adapters(options_.adapter->weights));
    }
  }
  model_->recompute_layers(options_.activation_checkpointing);
  model_->to(context.device, context.dtype);
}

void LanguageModeling::read_data(const TaskContext&) {
  const Tokenisation how{*tokenizer_, tokenizer_key_, options_.end_of_document,
                         options_.cache.empty() ? default_cache_folder() : std::filesystem::path(options_.cache)};
  LanguageCorpus corpus = options_.data.create(how);
  chat_system_ = corpus.chat_system;
  io::append(files_, corpus.files);
  if (options_.evaluation.data) {
    training_ = data::all_sequences(corpus.tokens, options_.sequences, options_.length);
    corpus = options_.evaluation.data->create(how);
    io::append(files_, corpus.files);
    evaluation_ = data::all_sequences(corpus.tokens, options_.sequences, options_.length);
  } else {
    data::SplitSequences split =
        data::split_sequences(corpus.tokens, options_.sequences, options_.length, options_.evaluation.share);
    training_ = std::move(split.training);
    evaluation_ = std::move(split.evaluation);
  }
  if (chat_system_ || options_.sequences == data::SequenceKind::documents) leave_out_uncounted();
  if (tokenizer_key_ == "bytes") entropy_per_byte_ = corpus.entropy_per_byte;
}

void LanguageModeling::leave_out_uncounted() {
  for (data::TokenSequences* part : {training_.get(), evaluation_.get()}) {
    const std::string name = part == training_.get() ? "training" : "evaluation";
    const std::int64_t all = part->size(), left_out = part->leave_out_uncounted();
    if (left_out == 0) continue;
    if (left_out == all)
      throw DataError(
          fmt::format("none of the {} sequences of the {} data has a token that is trained on within its "
                      "{} tokens: raise 'task.length', or shorten what comes before the answers",
                      all, name, options_.length));
    announcement_ += fmt::format(
        "{}{} of {} sequences of the {} data have no token that is trained on within {} tokens "
        "and are left out (a larger 'task.length' may reach their answers)",
        announcement_.empty() ? "" : "; ", left_out, all, name, options_.length);
  }
}

at::Tensor LanguageModeling::loss(const data::Batch& batch) {
  const at::Tensor states = model_->hidden(batch.tensors[0]);
  return models::token_cross_entropy(states.flatten(0, 1), model_->head(), batch.tensors[1].flatten());
}

double LanguageModeling::weight(const data::Batch& batch) {
  return batch.tensors[1].ge(0).sum().item<double>();
}

Metrics LanguageModeling::evaluate() {
  const std::int64_t count = std::min(options_.evaluation.sequences.value_or(evaluation_->size()), evaluation_->size());
  double total = 0, tokens = 0, batch_means = 0;
  std::int64_t batches = 0;
  for (std::int64_t begin = 0; begin < count; begin += options_.evaluation.batch_size) {
    std::vector<std::int64_t> indices(
        static_cast<std::size_t>(std::min(options_.evaluation.batch_size, count - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const data::Batch batch = evaluation_->batch(indices, 0).to(device_);
    const at::Tensor targets = batch.tensors[1].flatten();
    const at::Tensor losses =
        models::token_losses(model_->hidden(batch.tensors[0]).flatten(0, 1), model_->head(), targets);
    const double sum = losses.sum(at::kDouble).item<double>(), counted = weight(batch);
    total += sum;
    tokens += counted;
    if (counted > 0) batch_means += sum / counted;
    ++batches;
  }
  if (tokens == 0) throw DataError("the evaluation data has no token that is trained on");
  Metrics metrics;
  if (options_.evaluation.galore_compat_eval) {
    // Its counter of batches starts at one.
    const double galore = batch_means / static_cast<double>(batches + 1);
    metrics.emplace_back("galore_loss", galore);
    metrics.emplace_back("galore_perplexity", std::exp(galore));
  }
  metrics.emplace_back("loss", total / tokens);
  if (tokenizer_key_ == "bytes") metrics.emplace_back("bits_per_byte", total / tokens / std::numbers::ln2);
  if (entropy_per_byte_) metrics.emplace_back("loss_over_entropy", total / tokens / *entropy_per_byte_);
  metrics.emplace_back("perplexity", std::exp(total / tokens));
  return metrics;
}

std::vector<plot::Figure> LanguageModeling::figures_over_time(const std::vector<metrics::Record>& records) {
  if (!entropy_per_byte_) return {};
  CurveGroup group;
  group.name = "loss_and_entropy";
  group.title = "Loss and entropy of the language";
  group.y_label = "nats per byte";
  group.caption =
      "Dotted: the entropy of the next word over the mean length of a word. No model is below it on long texts; what a "
      "sequence begins with has to be predicted without a context.";
  group.curves = {{"train/loss", "training", plot::SeriesStyle::faint}, {"eval/loss", "held-out text"}};
  group.references = {{*entropy_per_byte_, "entropy"}};
  group.y_log = true;
  return {make_figure(group, records)};
}

std::vector<TextSample> LanguageModeling::samples() {
  std::vector<TextSample> list;
  for (const std::string& prompt : options_.samples.prompts) {
    const tokenizer::Ids ids = tokenizer::encode_prompt(*tokenizer_, prompt);
    TextStream stream(*tokenizer_, ids);
    std::string text;
    continue_ids(*model_, ids, writable(), options_.samples.sampling, streams_.generator("samples", list.size()),
                 [&](std::int32_t id) {
                   text += stream.add(id);
                   return true;
                 });
    list.push_back({prompt, text + stream.rest()});
  }
  return list;
}

WritableIds LanguageModeling::writable() const {
  WritableIds ids = writable_ids(*tokenizer_);
  if (chat_system_) ids.ends.push_back(tokenizer::chat_end(*tokenizer_));
  return ids;
}

std::string LanguageModeling::tokenizer_source() const {
  return options_.pretrained.empty() ? options_.tokenizer.value_or("bytes") : options_.pretrained;
}

void LanguageModeling::write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) {
  write_language_model(folder, *model_, *tokenizer_, {tokenizer_source(), type.value_or(number_type_), chat_system_});
}

bool LanguageModeling::rests(const std::string& name) const {
  return !name.ends_with(".adapter_a") && !name.ends_with(".adapter_b");
}

std::string LanguageModeling::resting_source() const {
  return options_.adapter ? options_.pretrained : "";
}

void LanguageModeling::write_adapters(const std::filesystem::path& folder) {
  if (!options_.adapter) throw UsageError("the run trained no adapters; export it without '--format peft'");
  tasks::write_adapters(folder, *model_, options_.pretrained);
}

std::string LanguageModeling::memory_advice() const {
  return options_.activation_checkpointing ? "" : "'task.activation_checkpointing: true'";
}

}  // namespace talweg::tasks
