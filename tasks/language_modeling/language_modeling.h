#pragma once

#include "core/data/token_sequences.h"
#include "core/task/capabilities.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "models/language/adapter.h"
#include "models/language/language_model.h"
#include "tasks/language_modeling/language_data.h"
#include "tasks/language_modeling/text_generation.h"

namespace talweg::tasks {

struct LanguageEvaluationOptions {
  double share = 0.05;
  std::optional<config::Component<LanguageDataKind>> data;
  std::int64_t batch_size = 8;
  std::optional<std::int64_t> sequences;
  bool galore_compat_eval = false;
};
void declare(config::Fields& f, LanguageEvaluationOptions& o);

struct LanguageSampleOptions {
  std::vector<std::string> prompts;
  SamplingOptions sampling{64, 0, 1};
};
void declare(config::Fields& f, LanguageSampleOptions& o);

struct LanguageModelingOptions {
  config::Component<LanguageDataKind> data{"word_chain"};
  std::string pretrained;
  std::optional<std::string> tokenizer;
  std::optional<config::Component<models::LanguageModelKind>> model;
  std::int64_t length = 256;
  data::SequenceKind sequences = data::SequenceKind::packed;
  bool end_of_document = true;
  bool activation_checkpointing = false;
  std::optional<models::AdapterOptions> adapter;
  LanguageEvaluationOptions evaluation;
  LanguageSampleOptions samples;
  std::string cache;
};
void declare(config::Fields& f, LanguageModelingOptions& o);
void validate(const LanguageModelingOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A decoder learns to predict the next token: from nothing on a corpus, or further from pretrained weights, whole or
/// through low-rank adapters. The loss is the mean over the counted tokens of a batch, whatever its division.
class LanguageModeling : public Task,
                         public WeightedExamples,
                         public ModelExport,
                         public RestingWeights,
                         public ReadsFiles {
 public:
  /// Throws ConfigError when model, tokenizer and lengths do not fit; DataError for files.
  LanguageModeling(const LanguageModelingOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  at::Tensor loss(const data::Batch& batch) override;
  double weight(const data::Batch& batch) override;
  /// "loss" is the mean over all tokens of the evaluation data, to the last one, in nats; "perplexity" its exponential;
  /// "bits_per_byte" with the tokenizer "bytes". "galore_loss" and "galore_perplexity" are computed as the evaluation
  /// of the GaLore experiments does: the mean of the batches' means, divided by one batch too many.
  Metrics evaluate() override;
  /// The continuations of the configured prompts.
  std::vector<TextSample> samples() override;
  /// The loss beside the entropy of the language, where that is known and tokens are bytes.
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;
  std::string memory_advice() const override;
  /// Of packed sequences, which are all of one length.
  double tokens_per_example() const override {
    return options_.sequences == data::SequenceKind::packed ? static_cast<double>(options_.length) : 0;
  }
  /// How many sequences have nothing to train on, when there are some.
  std::string announcement() const override { return announcement_; }

  /// Adapters are merged.
  void write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) override;
  /// Below adapters the pretrained weights rest.
  bool rests(const std::string& name) const override;
  std::string resting_source() const override;
  /// The adapters alone, as PEFT lays them out. Throws UsageError when there are none.
  void write_adapters(const std::filesystem::path& folder);

  models::LanguageModel& model() { return *model_; }
  const std::shared_ptr<models::LanguageModel>& shared_model() const { return model_; }
  const std::shared_ptr<const tokenizer::Tokenizer>& shared_tokenizer() const { return tokenizer_; }
  /// Tokens that the model may write, and those that end it: of conversations the end of a turn too.
  WritableIds writable() const;
  /// The system message of the conversations that were trained on; nothing for other corpora.
  const std::optional<std::string>& chat_system() const { return chat_system_; }
  /// The origin of the tokenizer: "bytes", a file or a folder.
  std::string tokenizer_source() const;

 private:
  void read_data(const TaskContext& context);
  void leave_out_uncounted();

  LanguageModelingOptions options_;
  at::Device device_;
  RandomStreams streams_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  std::string tokenizer_key_;
  std::shared_ptr<models::LanguageModel> model_;
  std::unique_ptr<data::TokenSequences> training_, evaluation_;
  io::FileFingerprints files_;
  at::ScalarType number_type_ = at::kFloat;  // of the pretrained weights' file
  std::optional<std::string> chat_system_;
  std::string announcement_;
  std::optional<double> entropy_per_byte_;  // of the language that is evaluated on
};

}  // namespace talweg::tasks
