#include "core/tokenizer/post_processor.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::tokenizer {
namespace {

using io::JsonFields;
using nlohmann::json;

const io::KnownKeys kTemplateKeys{.honoured = {"type", "single", "pair", "special_tokens"}};
// trim_offsets and add_prefix_space are about places in the text, which are not used.
const io::KnownKeys kFixedFrameKeys{.honoured = {"type", "cls", "sep"},
                                    .harmless = {"trim_offsets", "add_prefix_space"}};
const io::KnownKeys kNoFrameKeys{.honoured = {"type"}, .harmless = {"trim_offsets", "add_prefix_space", "use_regex"}};
const io::KnownKeys kSequenceKeys{.honoured = {"type", "processors"}};

void check(const JsonFields& fields, const Tokenizer& tokenizer, const Ids& ids) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= tokenizer.vocabulary_size()) fields.fail(fmt::format("the id {} is not in the vocabulary", id));
}

/// A template around one text or two.
struct Template {
  std::vector<Ids> parts{1};        // what stands before A, behind it, and behind B
  std::vector<Ids> types{1};        // the segments of these ids
  std::vector<std::int32_t> texts;  // the segments of A and B
};

Template read_template(const JsonFields& processor, const char* key, std::size_t texts) {
  const JsonFields special = processor.object("special_tokens");
  const json& steps = processor.at(key);
  if (!steps.is_array()) processor.fail(fmt::format("'{}' is not a list", key));
  Template result;
  for (const json& step : steps) {
    const JsonFields fields(step, "post_processor");
    if (fields.has("Sequence")) {
      const JsonFields text = fields.object("Sequence");
      if (text.get<std::string>("id") != (result.texts.empty() ? "A" : "B") || result.texts.size() == texts)
        processor.fail(fmt::format("the texts of '{}' are in an order that is not supported", key));
      result.texts.push_back(text.get_or<std::int32_t>("type_id", 0));
      result.parts.emplace_back();
      result.types.emplace_back();
    } else {
      const JsonFields token = fields.object("SpecialToken");
      const Ids ids = special.object(token.get<std::string>("id")).get<Ids>("ids");
      result.parts.back().insert(result.parts.back().end(), ids.begin(), ids.end());
      result.types.back().resize(result.parts.back().size(), token.get_or<std::int32_t>("type_id", 0));
    }
  }
  if (result.texts.size() != texts) processor.fail(fmt::format("'{}' leaves a text out", key));
  return result;
}

/// The frame of a pair; the segments must be those of the first text, then those of the second.
void read_pair(const JsonFields& processor, SequenceFrame& frame) {
  const Template pair = read_template(processor, "pair", 2);
  frame.pair_before = pair.parts[0];
  frame.pair_between = pair.parts[1];
  frame.pair_after = pair.parts[2];
  frame.second_segment = pair.texts[1];
  const Ids& between = pair.types[1];
  const auto second = std::find_if(between.begin(), between.end(), [](std::int32_t type) { return type != 0; });
  frame.between_of_second = static_cast<std::size_t>(between.end() - second);
  const auto are = [](auto begin, auto end, std::int32_t type) {
    return std::all_of(begin, end, [&](std::int32_t given) { return given == type; });
  };
  if (pair.texts[0] != 0 || !are(pair.types[0].begin(), pair.types[0].end(), 0) ||
      !are(second, between.end(), frame.second_segment) ||
      !are(pair.types[2].begin(), pair.types[2].end(), frame.second_segment))
    processor.fail("the 'type_id's of 'pair' are not those of one text and then of the other, which is not supported");
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
  if (type == "ByteLevel") return processor.require_known(kNoFrameKeys);
  if (type == "TemplateProcessing") {
    processor.require_known(kTemplateKeys);
    const Template single = read_template(processor, "single", 1);
    frame.before = single.parts[0];
    frame.after = single.parts[1];
    read_pair(processor, frame);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    processor.require_known(kFixedFrameKeys);
    const std::int32_t begin = token_and_id(processor, "cls"), end = token_and_id(processor, "sep");
    frame = {{begin}, {end}, {begin}, {end}, {end}};
    if (type == "RobertaProcessing") {
      frame.pair_between = {end, end};
      frame.second_segment = 0;
    }
  } else if (type == "Sequence") {
    processor.require_known(kSequenceKeys);
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
