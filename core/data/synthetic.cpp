#include "core/data/synthetic.h"

#include <cmath>
#include <numbers>

#include "core/libtorch.h"

namespace talweg::data {
namespace {

/// Fills examples one by one: `fill(i, row)` writes the features of example i and returns its class.
template <class Fill>
LabelledData generate(std::int64_t examples, std::int64_t features, std::int64_t classes, Fill&& fill) {
  LabelledData data{at::empty({examples, features}, at::kFloat), at::empty({examples}, at::kLong), {}};
  float* inputs = data.inputs.mutable_data_ptr<float>();
  std::int64_t* targets = data.targets.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < examples; ++i) targets[i] = fill(i, inputs + i * features);
  for (std::int64_t c = 0; c < classes; ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

}  // namespace

LabelledData gaussian_blobs(std::int64_t examples, std::int64_t features, std::int64_t classes, double distance,
                            const RandomStreams& streams) {
  RandomGenerator random = streams.generator("synthetic data");
  std::vector<double> centres(static_cast<std::size_t>(classes * features));
  for (double& centre : centres) centre = distance * random.normal();
  return generate(examples, features, classes, [&](std::int64_t i, float* row) {
    const std::int64_t c = i % classes;
    for (std::int64_t j = 0; j < features; ++j)
      row[j] = static_cast<float>(centres[static_cast<std::size_t>(c * features + j)] + random.normal());
    return c;
  });
}

LabelledData two_moons(std::int64_t examples, double noise, const RandomStreams& streams) {
  RandomGenerator random = streams.generator("synthetic data");
  return generate(examples, 2, 2, [&](std::int64_t i, float* row) {
    const std::int64_t c = i % 2;
    const double angle = std::numbers::pi * random.uniform();
    row[0] = static_cast<float>((c ? 1 - std::cos(angle) : std::cos(angle)) + noise * random.normal());
    row[1] = static_cast<float>((c ? 0.5 - std::sin(angle) : std::sin(angle)) + noise * random.normal());
    return c;
  });
}

LabelledData spirals(std::int64_t examples, std::int64_t classes, double noise, const RandomStreams& streams) {
  RandomGenerator random = streams.generator("synthetic data");
  return generate(examples, 2, classes, [&](std::int64_t i, float* row) {
    const std::int64_t c = i % classes;
    const double radius = std::sqrt(random.uniform());
    const double angle =
        3 * std::numbers::pi * radius + 2 * std::numbers::pi * static_cast<double>(c) / static_cast<double>(classes);
    row[0] = static_cast<float>(radius * std::cos(angle) + noise * random.normal());
    row[1] = static_cast<float>(radius * std::sin(angle) + noise * random.normal());
    return c;
  });
}

LabelledData separable(std::int64_t examples, std::int64_t features, double margin, const RandomStreams& streams) {
  RandomGenerator random = streams.generator("synthetic data");
  const auto d = static_cast<std::size_t>(features);
  const double spread = std::sqrt(margin);
  std::vector<double> normal(d), point(d);
  double length = 0;
  for (double& w : normal) {
    w = random.normal();
    length += w * w;
  }
  for (double& w : normal) w /= std::sqrt(length);
  const auto along_normal = [&] {
    double along = 0;
    for (std::size_t j = 0; j < d; ++j) along += point[j] * normal[j];
    return along;
  };
  LabelledData data{at::empty({examples, features}, at::kDouble), at::empty({examples}, at::kLong), {"0", "1"}};
  double* inputs = data.inputs.mutable_data_ptr<double>();
  // A point of the hyperplane; the first two examples support the margin on both sides of it.
  std::vector<double> support(d);
  for (double& value : point) value = random.normal();
  const double off = along_normal();
  for (std::size_t j = 0; j < d; ++j) support[j] = point[j] - off * normal[j];
  for (std::int64_t i = 0; i < examples; ++i) {
    const double label = i == 0 ? 1 : i == 1 ? -1 : random.uniform() < 0.5 ? -1 : 1;
    if (i < 2) {
      for (std::size_t j = 0; j < d; ++j) point[j] = support[j] + label * margin * normal[j];
    } else {
      for (double& value : point) value = spread * random.normal();
      while (label * along_normal() <= margin)
        for (std::size_t j = 0; j < d; ++j) point[j] += label * spread * normal[j];
    }
    for (std::size_t j = 0; j < d; ++j) inputs[i * features + static_cast<std::int64_t>(j)] = point[j];
    data.targets.mutable_data_ptr<std::int64_t>()[i] = label > 0 ? 1 : 0;
  }
  return data;
}

}  // namespace talweg::data
