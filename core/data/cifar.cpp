#include "core/data/cifar.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::data {

LabelledData parse_cifar(std::string_view bytes, const std::string& name, CifarLabels labels) {
  constexpr std::size_t pixels = 3 * 32 * 32;
  const std::size_t label_bytes = labels == CifarLabels::ten ? 1 : 2;
  const std::size_t label_at = labels == CifarLabels::hundred_fine ? 1 : 0;
  const int classes = labels == CifarLabels::ten ? 10 : labels == CifarLabels::hundred_coarse ? 20 : 100;
  const std::size_t record = label_bytes + pixels;
  if (bytes.empty() || bytes.size() % record != 0)
    throw DataError(
        fmt::format("{}: has {} bytes, which is no whole number of records of {} bytes", name, bytes.size(), record));
  const auto count = static_cast<std::int64_t>(bytes.size() / record);
  const at::Tensor raw =
      at::from_blob(const_cast<char*>(bytes.data()), {count, static_cast<std::int64_t>(record)}, at::kByte);
  LabelledData data;
  data.targets = raw.select(1, static_cast<std::int64_t>(label_at)).to(at::kLong);
  data.inputs =
      raw.narrow(1, static_cast<std::int64_t>(label_bytes), pixels).to(at::kFloat).div_(255).view({count, 3, 32, 32});
  if (data.targets.max().item<std::int64_t>() >= classes) {
    const std::int64_t bad = (data.targets >= classes).nonzero()[0].item<std::int64_t>();
    throw DataError(fmt::format("{}: record {} (byte {}) has label {}, the data set has {} classes", name, bad,
                                static_cast<std::size_t>(bad) * record + label_at,
                                data.targets[bad].item<std::int64_t>(), classes));
  }
  for (int c = 0; c < classes; ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

LabelledData concatenate(const std::vector<LabelledData>& parts) {
  LabelledData all;
  std::vector<at::Tensor> inputs, targets;
  for (const LabelledData& part : parts) {
    inputs.push_back(part.inputs);
    targets.push_back(part.targets);
  }
  if (parts.empty()) return all;
  return {at::cat(inputs), at::cat(targets), parts.front().class_names};
}

}  // namespace talweg::data
