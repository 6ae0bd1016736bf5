#include "core/data/labelled_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::data {

LabelledData LabelledData::select(const std::vector<std::int64_t>& indices) const {
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(indices), at::kLong);
  return {inputs.index_select(0, index), targets.index_select(0, index), class_names, layout};
}

LabelledData with_classes(LabelledData data, const std::vector<std::string>& class_names, const std::string& what) {
  if (data.class_names == class_names) return data;
  std::vector<std::int64_t> places;
  for (std::size_t c = 0; c < data.class_names.size(); ++c) {
    const auto found = std::find(class_names.begin(), class_names.end(), data.class_names[c]);
    places.push_back(found - class_names.begin());
    if (found != class_names.end()) continue;
    const auto count = (data.targets == static_cast<std::int64_t>(c)).sum().item<std::int64_t>();
    if (count > 0)
      throw DataError(
          fmt::format("{} of the {} examples have the class '{}', which is none of those that are learnt ({})", count,
                      what, data.class_names[c], fmt::join(class_names, ", ")));
  }
  data.targets = at::tensor(at::ArrayRef<std::int64_t>(places), at::kLong).index_select(0, data.targets);
  data.class_names = class_names;
  return data;
}

std::pair<LabelledData, LabelledData> stratified_split(const LabelledData& data, double share,
                                                       const RandomStreams& streams) {
  const std::vector<std::int64_t> order = random_permutation(data.size(), streams.generator("split"));
  const std::int64_t* targets = data.targets.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> total(static_cast<std::size_t>(data.classes())), taken(total.size());
  for (std::int64_t i = 0; i < data.size(); ++i) ++total[static_cast<std::size_t>(targets[i])];
  std::vector<std::int64_t> rest, part;
  for (const std::int64_t i : order) {
    const auto c = static_cast<std::size_t>(targets[i]);
    const std::int64_t wanted =
        std::min<std::int64_t>(total[c] - 1, std::llround(share * static_cast<double>(total[c])));
    if (taken[c] < wanted) {
      ++taken[c];
      part.push_back(i);
    } else {
      rest.push_back(i);
    }
  }
  return {data.select(rest), data.select(part)};
}

Standardizer Standardizer::fit(const at::Tensor& inputs) {
  const at::Tensor wide = inputs.to(at::kDouble);
  const at::Tensor deviation = wide.std(0, /*unbiased=*/false);
  return {wide.mean(0).to(inputs.scalar_type()),
          at::where(deviation > 1e-12, deviation, at::ones_like(deviation)).to(inputs.scalar_type())};
}

at::Tensor Standardizer::apply(const at::Tensor& inputs) const {
  return (inputs - mean) / scale;
}

std::pair<at::Tensor, std::vector<std::string>> index_labels(const std::vector<std::string>& labels) {
  std::vector<std::string> names = labels;
  const auto number = [](const std::string& s) {
    double value = 0;
    const auto [end, status] = std::from_chars(s.data(), s.data() + s.size(), value);
    return status == std::errc() && end == s.data() + s.size() ? value : std::nan("");
  };
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (std::none_of(names.begin(), names.end(), [&](const std::string& s) { return std::isnan(number(s)); }))
    std::stable_sort(names.begin(), names.end(),
                     [&](const std::string& a, const std::string& b) { return number(a) < number(b); });
  std::unordered_map<std::string, std::int64_t> index;
  for (const std::string& name : names) index.emplace(name, static_cast<std::int64_t>(index.size()));
  at::Tensor targets = at::empty({static_cast<std::int64_t>(labels.size())}, at::kLong);
  for (std::size_t i = 0; i < labels.size(); ++i) targets.mutable_data_ptr<std::int64_t>()[i] = index.at(labels[i]);
  return {targets, names};
}

}  // namespace talweg::data
