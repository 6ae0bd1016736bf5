#include "tasks/triplets/features.h"

#include <fmt/format.h>

#include <unordered_map>

#include "core/data/delimited_rows.h"
#include "core/data/numbers.h"
#include "core/error.h"
#include "core/files/read_file.h"
#include "core/libtorch.h"

namespace talweg::tasks {

Features read_features(const std::string& path, const std::vector<std::string>& ids, io::FileFingerprints& files) {
  const std::string text = io::read_file(path);
  data::DelimitedRows rows(text, path, text.find('\t') != std::string::npos ? '\t' : ',');
  rows.require_utf8();
  std::vector<std::string> fields;
  if (!rows.next(fields)) throw DataError(fmt::format("{}: is empty", path));
  if (fields.size() < 2) rows.fail("the header names an id and at least one feature");
  Features features{{fields.begin() + 1, fields.end()}, {}};
  for (double ignored = 0; const std::string& name : features.names)
    if (data::read_finite(name, ignored)) rows.fail(fmt::format("is no header: '{}' is a number", name));
  const auto width = static_cast<std::int64_t>(features.names.size()), count = static_cast<std::int64_t>(ids.size());
  std::unordered_map<std::string, std::int64_t> place;
  for (std::size_t i = 0; i < ids.size(); ++i) place.emplace(ids[i], static_cast<std::int64_t>(i));
  features.values = at::zeros({count, width}, at::kDouble);
  at::Tensor known = at::zeros({count}, at::kBool);
  while (rows.next(fields)) {
    if (static_cast<std::int64_t>(fields.size()) != width + 1)
      rows.fail(fmt::format("has {} fields where the header has {}", fields.size(), width + 1));
    const auto found = place.find(fields[0]);
    if (found == place.end()) {
      ++features.unknown;
      continue;
    }
    bool& is_known = known.mutable_data_ptr<bool>()[found->second];
    if (is_known) rows.fail(fmt::format("the id '{}' has a row already", fields[0]));
    is_known = true;
    double* row = features.values.mutable_data_ptr<double>() + found->second * width;
    for (std::int64_t c = 0; c < width; ++c)
      if (!data::read_finite(fields[static_cast<std::size_t>(c) + 1], row[c]))
        rows.fail(fmt::format("'{}' is no number", fields[static_cast<std::size_t>(c) + 1]));
  }
  features.missing = count - known.sum().item<std::int64_t>();
  if (features.missing == count) throw DataError(fmt::format("{}: has a row for none of the {} ids", path, count));
  const at::Tensor of_known = features.values.index({known});
  const at::Tensor mean = of_known.mean(0), deviation = of_known.std(0, /*unbiased=*/false);
  for (std::int64_t c = 0; c < width; ++c)
    if (deviation[c].item<double>() == 0)
      throw DataError(fmt::format("{}: the column '{}' has one value for all ids", path,
                                  features.names[static_cast<std::size_t>(c)]));
  features.values = (features.values - mean) / deviation * known.unsqueeze(1);
  files.push_back(io::fingerprint_of(path));
  return features;
}

}  // namespace talweg::tasks
