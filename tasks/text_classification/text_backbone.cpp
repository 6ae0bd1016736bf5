#include "tasks/text_classification/text_backbone.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/json_fields.h"
#include "core/libtorch.h"
#include "core/tokenizer/byte_tokenizer.h"
#include "core/tokenizer/read_tokenizer.h"
#include "tasks/pretrained/bert_files.h"
#include "tasks/pretrained/source_files.h"
#include "tasks/pretrained/tokenizer_files.h"
#include "tasks/text_classification/decoder_backbone.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;
using models::BertEncoder;
using models::Pooling;

constexpr const char* kPooling =
    "text_pooling";  // in config.json: what a head reads where the library has no class for it

struct PretrainedOptions {
  std::string path;
};
void declare(config::Fields& f, PretrainedOptions& o) {
  f("path", o.path, "folder in the layout of the Hugging Face library: config.json, tokenizer.json, model.safetensors",
    config::required());
}

struct FreshBertOptions {
  std::int64_t layers = 2;
  std::int64_t width = 32;
  std::int64_t heads = 2;
  std::optional<std::int64_t> feed_forward;
  std::int64_t positions = 128;
  double dropout = 0.1;
  std::string tokenizer = "bytes";
};
void declare(config::Fields& f, FreshBertOptions& o) {
  f("layers", o.layers, "number of layers", config::at_least(1));
  f("width", o.width, "components of a token's vector", config::at_least(1));
  f("heads", o.heads, "attention heads; they divide the width", config::at_least(1));
  f("feed_forward", o.feed_forward, "inner width of the feed-forward part (default: four times the width)",
    config::at_least(1));
  f("positions", o.positions, "longest text in tokens", config::at_least(4));
  f("dropout", o.dropout, "share of components and attention weights left out in training", config::at_least(0),
    config::below(1));
  f("tokenizer", o.tokenizer, "'bytes', or a file or folder with a tokenizer");
}
void validate(const FreshBertOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.width % o.heads != 0)
    diagnostics.error(where.where, fmt::format("'width' {} cannot be divided among {} 'heads'", o.width, o.heads));
}

std::function<weights::ModelFolderContent(const TextHead&)> bert_exporter(std::shared_ptr<BertEncoder> encoder,
                                                                          std::map<std::string, std::string> files) {
  return [encoder, files](const TextHead& head) {
    const bool has_class = head.pooling == Pooling::summary;
    weights::ModelFolderContent content;
    content.config = bert_config(encoder->shape(), has_class ? "BertForSequenceClassification" : "BertModel");
    if (!has_class)
      for (const auto& [name, pooling] : choices(Pooling{}))
        if (pooling == head.pooling) content.config[kPooling] = name;
    const bool regression = head.class_names.empty();
    content.config["problem_type"] = regression ? "regression" : "single_label_classification";
    for (std::int64_t i = 0; i < head.weight.size(0); ++i) {
      const std::string name = regression ? "LABEL_0" : head.class_names[static_cast<std::size_t>(i)];
      content.config["id2label"][std::to_string(i)] = name;
      content.config["label2id"][name] = i;
    }
    content.tensors = bert_tensors(*encoder, has_class ? "bert." : "");
    content.tensors.emplace_back("classifier.weight", head.weight);
    content.tensors.emplace_back("classifier.bias", head.bias);
    content.files = files;
    return content;
  };
}

/// The head that a folder holds, if it holds one.
std::optional<TextHead> read_head(const weights::ModelFolder& folder, const BertEncoder& encoder) {
  const auto weight = folder.tensors().find("classifier.weight"), bias = folder.tensors().find("classifier.bias");
  if (weight == folder.tensors().end() || bias == folder.tensors().end()) return std::nullopt;
  const io::JsonFields config(folder.config(), (folder.path() / "config.json").string());
  if (weight->second.dim() != 2 || weight->second.size(1) != encoder.width() || weight->second.size(0) < 1 ||
      bias->second.sizes() != weight->second.sizes().slice(0, 1))
    config.fail("the shapes of 'classifier.weight' and 'classifier.bias' do not fit the encoder");
  TextHead head{Pooling::summary, {}, weight->second, bias->second};
  if (config.has(kPooling)) {
    const auto name = config.get<std::string>(kPooling);
    bool known = false;
    for (const auto& [choice, pooling] : choices(Pooling{})) {
      if (choice != name) continue;
      head.pooling = pooling;
      known = true;
    }
    if (!known) config.fail(fmt::format("the pooling '{}' is not known", name));
  }
  if (config.get_or<std::string>("problem_type", "") != "regression" && weight->second.size(0) > 1) {
    if (!config.has("id2label")) return head;
    const io::JsonFields names = config.object("id2label");
    for (std::int64_t i = 0; i < weight->second.size(0); ++i)
      head.class_names.push_back(names.get<std::string>(std::to_string(i)));
  }
  return head;
}

TextBackbone read_pretrained(const PretrainedOptions& options) {
  const weights::ModelFolder folder(options.path);
  const models::BertShape shape = bert_shape(folder.config(), (folder.path() / "config.json").string());
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : folder.tensors()) numbers += tensor.numel();
  check_bert_size(shape, numbers, options.path);
  const auto encoder = std::make_shared<BertEncoder>(shape);
  load_bert(*encoder, folder.source());
  TextBackbone backbone{encoder, tokenizer::read_tokenizer(folder.path()), Pooling::mean,
                        bert_exporter(encoder, tokenizer_files(folder.path())), read_head(folder, *encoder)};
  backbone.number_type = folder.number_type();
  backbone.files = fingerprints_of_model(options.path);
  if (backbone.head) backbone.pooling = backbone.head->pooling;
  if (backbone.tokenizer->vocabulary_size() > encoder->vocabulary())
    throw DataError(fmt::format("{}: the tokenizer has {} tokens, the encoder {}", options.path,
                                backbone.tokenizer->vocabulary_size(), encoder->vocabulary()));
  return backbone;
}

TextBackbone fresh_bert(const FreshBertOptions& options) {
  TextBackbone backbone;
  std::map<std::string, std::string> files;
  if (options.tokenizer == "bytes") {
    backbone.tokenizer = std::make_shared<tokenizer::ByteTokenizer>();
    files = framed_byte_files();
  } else {
    backbone.tokenizer = tokenizer::read_tokenizer(options.tokenizer);
    files = tokenizer_files(options.tokenizer);
    backbone.files = fingerprints_of_tokenizer(options.tokenizer);
  }
  models::BertShape shape;
  shape.vocabulary = backbone.tokenizer->vocabulary_size();
  shape.positions = options.positions;
  shape.width = options.width;
  shape.layers = options.layers;
  shape.heads = options.heads;
  shape.feed_forward = options.feed_forward.value_or(4 * options.width);
  shape.dropout = shape.attention_dropout = options.dropout;
  const auto encoder = std::make_shared<BertEncoder>(shape);
  backbone.encoder = encoder;
  backbone.pooling = Pooling::mean;
  backbone.folder_content = bert_exporter(encoder, files);
  return backbone;
}

}  // namespace

void register_text_backbones() {
  static const bool once = [] {
    auto& registry = config::Registry<TextBackboneKind>::instance();
    registry.add<PretrainedOptions>("pretrained", "an encoder with its weights and tokenizer from a model folder",
                                    "Devlin et al. 2019", read_pretrained);
    registry.add<FreshBertOptions>("bert", "a BERT encoder of any size with new weights", "Devlin et al. 2019",
                                   fresh_bert);
    register_decoder_backbone();
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
