#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/study/study_config.h"
#include "tasks/register.h"

namespace talweg::tasks {

/// A study from its options in YAML, "{type: range_finder, draws: 3}".
inline std::unique_ptr<Study> make_study(const std::string& study, std::uint64_t seed = 1) {
  register_components();
  const auto config =
      config::parse<StudyConfig>(config::parse_yaml(fmt::format("device: cpu\nstudy: {}\n", study), "test"));
  const StudyContext context{at::kCPU, RandomStreams(seed)};
  torch::manual_seed(context.streams.seed_of("initialisation"));
  return config.study.create(context);
}

/// Makes the steps [begin, end); all by default.
inline void make_steps(Study& study, std::int64_t begin = 0, std::int64_t end = -1) {
  if (end < 0) end = study.steps();
  for (std::int64_t index = begin; index < end; ++index) study.step(index);
}

inline std::map<std::string, double> metrics_of(Study& study) {
  std::map<std::string, double> metrics;
  for (const auto& [name, value] : study.evaluate()) metrics[name] = value;
  return metrics;
}

}  // namespace talweg::tasks
