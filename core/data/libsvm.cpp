#include "core/data/libsvm.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "core/data/numbers.h"
#include "core/error.h"
#include "core/io/utf8.h"
#include "core/libtorch.h"

namespace talweg::data {
namespace {

struct Entry {
  std::int64_t row, index;
  float value;
};

std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool read_index(std::string_view text, std::int64_t& index) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), index);
  return status == std::errc() && end == text.data() + text.size() && index >= 0;
}

/// "+1", "1" and "1.0" are the same label.
std::string canonical_label(std::string_view label) {
  double number = 0;
  return read_finite(label, number) ? fmt::format("{}", number) : std::string(label);
}

}  // namespace

LabelledData parse_libsvm(std::string_view text, const std::string& name, const LibsvmOptions& options) {
  text = io::without_byte_order_mark(text);
  std::vector<Entry> entries;
  std::vector<std::string> labels;
  const std::int64_t base = options.index_base.value_or(0);
  std::int64_t smallest = 1, largest = 0, line_number = 0;
  const auto fail = [&](const std::string& message) {
    throw DataError(fmt::format("{}:{}: {}", name, line_number, message));
  };
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view label = next_word(line);
    if (label.empty()) continue;
    if (label.find(':') != std::string_view::npos)
      fail(fmt::format("the line starts with '{}', a label was expected", label.substr(0, 40)));
    std::int64_t previous = -1;
    for (std::string_view pair = next_word(line); !pair.empty(); pair = next_word(line)) {
      const std::size_t colon = pair.find(':');
      std::int64_t index = 0;
      float value = 0;
      if (colon == std::string_view::npos || !read_index(pair.substr(0, colon), index))
        fail(fmt::format("'{}' is not 'index:value'", pair.substr(0, 40)));
      if (index < base)
        fail(
            fmt::format("index {}, where indices count from {}; if they count from 0 in every file of this data, say "
                        "'index_base: 0'",
                        index, base));
      if (!read_finite(pair.substr(colon + 1), value))
        fail(fmt::format("'{}': the value is not a finite number", pair.substr(0, 40)));
      if (index <= previous)
        fail(fmt::format("index {} follows index {}; indices increase within a line", index, previous));
      previous = index;
      smallest = std::min(smallest, index);
      largest = std::max(largest, index);
      entries.push_back({static_cast<std::int64_t>(labels.size()), index, value});
    }
    labels.push_back(canonical_label(label));
  }
  if (labels.empty()) throw DataError(fmt::format("{}: holds no data", name));
  smallest = options.index_base.value_or(smallest);
  const std::int64_t found =
      entries.empty() ? 0 : std::min(largest - smallest, std::numeric_limits<std::int64_t>::max() - 1) + 1;
  if (options.features > 0 && found > options.features)
    throw DataError(fmt::format("{}: uses feature {} of {}", name, largest, options.features));
  const std::int64_t features = options.features > 0 ? options.features : found;
  if (features == 0) throw DataError(fmt::format("{}: no example has a feature", name));
  const auto rows = static_cast<std::int64_t>(labels.size());
  if (features > options.largest_bytes / 4 / rows)
    throw DataError(fmt::format("{}: {} examples × {} features as a dense matrix exceed {} bytes", name, rows, features,
                                options.largest_bytes));
  LabelledData data;
  data.inputs = at::zeros({rows, features}, at::kFloat);
  float* values = data.inputs.mutable_data_ptr<float>();
  for (const Entry& entry : entries) values[entry.row * features + entry.index - smallest] = entry.value;
  std::tie(data.targets, data.class_names) = index_labels(labels);
  data.layout.index_base = smallest;
  return data;
}

}  // namespace talweg::data
