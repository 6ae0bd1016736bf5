#include "tasks/text_classification/text_source.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/files/read_file.h"
#include "core/io/closest_word.h"
#include "core/io/utf8.h"
#include "tasks/text_classification/opinions.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;

/// Calls visit(line, number) for every line that is not empty.
template <class Visit>
void for_each_nonempty_line(std::string_view text, Visit&& visit) {
  text = io::without_byte_order_mark(text);
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) visit(line, number);
  }
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

std::size_t column(const std::string& wanted, const std::vector<std::string>& names, std::size_t count,
                   const std::string& where) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == wanted) return i;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (error == std::errc() && end == wanted.data() + wanted.size() && index < count) return index;
  throw DataError(
      fmt::format("{}: there is no column '{}' among its {}{}", where, wanted, count, io::suggestion(wanted, names)));
}

std::string label_of(const json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw DataError(fmt::format("{}: the label is neither text nor a number", where));
}

void require_some(const LabelledTexts& texts) {
  if (texts.first.empty()) throw DataError(fmt::format("{}: holds no examples", texts.name));
}

template <class T>
std::vector<T> pick(const std::vector<T>& values, const std::vector<std::int64_t>& indices) {
  std::vector<T> picked;
  if (values.empty()) return picked;
  picked.reserve(indices.size());
  for (const std::int64_t index : indices) picked.push_back(values[static_cast<std::size_t>(index)]);
  return picked;
}

/// As many examples as asked for, drawn at random from the stream "text sample": files are often sorted.
LabelledTexts sampled(const LabelledTexts& texts, std::int64_t count, const RandomStreams& streams) {
  const auto size = static_cast<std::int64_t>(texts.size());
  if (count >= size) return texts;
  std::vector<std::int64_t> indices = random_permutation(size, streams.generator("text sample"));
  indices.resize(static_cast<std::size_t>(count));
  return select(texts, indices);
}

}  // namespace

void declare(config::Fields& f, TextFileOptions& o) {
  f("path", o.path, "the file, gzipped or not", config::required());
  f("format", o.format,
    "tsv: tab-separated without quoting; jsonl: a JSON object a line; automatic: by the name's end");
  f("text", o.text, "column (name, or number from 0) or key of the text");
  f("pair", o.pair, "column or key of the second text of a pair");
  f("label", o.label, "column or key of the label");
  f("header", o.header, "whether the first line of a tsv names the columns");
  f("sample", o.sample, "this many examples drawn at random instead of all", config::at_least(1));
}

LabelledTexts parse_tsv(std::string_view text, const std::string& name, const TextFileOptions& options) {
  LabelledTexts result;
  result.name = name;
  std::size_t first = 0, second = 0, label = 0, count = 0;
  for_each_nonempty_line(text, [&](std::string_view line, std::int64_t number) {
    const auto fields = fields_of(line);
    if (count == 0) {
      count = fields.size();
      const std::vector<std::string> names =
          options.header ? std::vector<std::string>(fields.begin(), fields.end()) : std::vector<std::string>();
      first = column(options.text, names, count, name);
      label = column(options.label, names, count, name);
      if (options.pair) second = column(*options.pair, names, count, name);
      if (options.header) return;
    }
    if (fields.size() != count)
      throw DataError(fmt::format("{}:{}: has {} columns, the first line has {}", name, number, fields.size(), count));
    if (fields[label].empty()) throw DataError(fmt::format("{}:{}: the label is missing", name, number));
    result.first.emplace_back(fields[first]);
    result.labels.emplace_back(fields[label]);
    if (options.pair) result.second.emplace_back(fields[second]);
  });
  require_some(result);
  return result;
}

LabelledTexts parse_jsonl(std::string_view text, const std::string& name, const TextFileOptions& options) {
  LabelledTexts result;
  result.name = name;
  for_each_nonempty_line(text, [&](std::string_view line, std::int64_t number) {
    const std::string where = fmt::format("{}:{}", name, number);
    const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) throw DataError(where + ": not a JSON object");
    const auto text_of = [&](const std::string& key) {
      const auto found = object.find(key);
      if (found == object.end() || !found->is_string())
        throw DataError(fmt::format("{}: there is no text under '{}'", where, key));
      return found->get<std::string>();
    };
    const auto found = object.find(options.label);
    if (found == object.end()) throw DataError(fmt::format("{}: there is no label under '{}'", where, options.label));
    result.first.push_back(text_of(options.text));
    result.labels.push_back(label_of(*found, where));
    if (options.pair) result.second.push_back(text_of(*options.pair));
  });
  require_some(result);
  return result;
}

LabelledTexts read_text_file(const TextFileOptions& options) {
  const std::string bytes = io::read_file(options.path);
  io::require_utf8(bytes, options.path);
  std::string_view stem = options.path;
  if (stem.ends_with(".gz")) stem.remove_suffix(3);
  TextFormat format = options.format;
  if (format == TextFormat::automatic)
    format = stem.ends_with(".jsonl") || stem.ends_with(".json") ? TextFormat::jsonl : TextFormat::tsv;
  LabelledTexts texts =
      format == TextFormat::jsonl ? parse_jsonl(bytes, options.path, options) : parse_tsv(bytes, options.path, options);
  texts.files.push_back(io::fingerprint_of(options.path));
  return texts;
}

LabelledTexts select(const LabelledTexts& texts, const std::vector<std::int64_t>& indices) {
  return {pick(texts.first, indices), pick(texts.second, indices), pick(texts.labels, indices), texts.name,
          texts.files};
}

void register_labelled_texts() {
  static const bool once = [] {
    auto& registry = config::Registry<LabelledTextKind>::instance();
    registry.add<TextFileOptions>("file", "texts or pairs of texts with labels, TSV or JSON lines", "GLUE's formats",
                                  [](const TextFileOptions& o, const RandomStreams& s) {
                                    const LabelledTexts texts = read_text_file(o);
                                    return o.sample ? sampled(texts, *o.sample, s) : texts;
                                  });
    registry.add<OpinionsOptions>("opinions", "sentences of a small grammar with opinions, negated or not", "ours",
                                  [](const OpinionsOptions& o, const RandomStreams& s) { return opinions(o, s); });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
