#include "core/tokenizer/post_processor.h"

#include <fmt/format.h>

namespace talweg::tokenizer {
namespace {

using io::JsonFields;
using nlohmann::json;

void check(const JsonFields& fields, const Tokenizer& tokenizer, const Ids& ids) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= tokenizer.vocabulary_size()) fields.fail(fmt::format("the id {} is not in the vocabulary", id));
}

/// Fills the parts of a template around its texts: parts[0] before A, parts[1] after it, parts[2] after B.
void read_template(const JsonFields& processor, const char* key, std::vector<Ids*> parts) {
  const JsonFields special = processor.object("special_tokens");
  const json& steps = processor.at(key);
  if (!steps.is_array()) processor.fail(fmt::format("'{}' is not a list", key));
  std::size_t part = 0;
  for (const json& step : steps) {
    const JsonFields fields(step, "post_processor");
    if (fields.has("Sequence")) {
      const std::string which = part == 0 ? "A" : "B";
      if (fields.object("Sequence").get<std::string>("id") != which || part + 1 >= parts.size())
        processor.fail(fmt::format("the texts of '{}' are in an order that is not supported", key));
      ++part;
    } else {
      const Ids ids = special.object(fields.object("SpecialToken").get<std::string>("id")).get<Ids>("ids");
      parts[part]->insert(parts[part]->end(), ids.begin(), ids.end());
    }
  }
  if (part + 1 != parts.size()) processor.fail(fmt::format("'{}' leaves a text out", key));
}

/// ["[SEP]", 102]
std::int32_t token_and_id(const JsonFields& processor, const char* key) {
  const json& pair = processor.at(key);
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_number_integer())
    processor.fail(fmt::format("'{}' is not a token with its id", key));
  return pair[1].get<std::int32_t>();
}

void read_step(const JsonFields& processor, SequenceFrame& frame) {
  const auto type = processor.get<std::string>("type");
  if (type == "ByteLevel") return;
  if (type == "TemplateProcessing") {
    read_template(processor, "single", {&frame.before, &frame.after});
    read_template(processor, "pair", {&frame.pair_before, &frame.pair_between, &frame.pair_after});
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    const std::int32_t begin = token_and_id(processor, "cls"), end = token_and_id(processor, "sep");
    frame = {{begin}, {end}, {begin}, {end}, {end}};
    if (type == "RobertaProcessing") frame.pair_between = {end, end};
  } else if (type == "Sequence") {
    const json& steps = processor.at("processors");
    if (!steps.is_array()) processor.fail("'processors' is not a list");
    for (const json& step : steps) {
      const JsonFields inner(step, "post_processor");
      if (inner.get<std::string>("type") == "Sequence") processor.fail("sequences in sequences are not supported");
      read_step(inner, frame);
    }
  } else {
    processor.fail(fmt::format("the type '{}' is not supported", type));
  }
}

}  // namespace

SequenceFrame read_frame(const JsonFields& description, const Tokenizer& tokenizer) {
  SequenceFrame frame;
  if (!description.has("post_processor")) return frame;
  const JsonFields processor = description.object("post_processor");
  read_step(processor, frame);
  for (const Ids* ids : {&frame.before, &frame.after, &frame.pair_before, &frame.pair_between, &frame.pair_after})
    check(processor, tokenizer, *ids);
  return frame;
}

}  // namespace talweg::tokenizer
