#pragma once

#include <memory>
#include <optional>

#include "core/config/component.h"
#include "core/data/sampler.h"
#include "core/task/task.h"

namespace talweg {

/// The sampler that a configuration names; nothing: the task's own where it brings one (OwnSampler), otherwise
/// `shuffle`.
using SamplerChoice = std::optional<config::Component<data::SamplerKind>>;

/// How its option is explained.
inline constexpr const char* kSamplerChoice =
    "which examples form a batch (default: the task's own way where it has one, otherwise shuffle)";

/// The chosen sampler, or `shuffle`. Throws ConfigError when sampler, batch size and data do not fit together.
std::unique_ptr<data::Sampler> make_sampler(const SamplerChoice& choice, const data::SamplingPlan& plan);
/// The chosen sampler, or the task's own, or `shuffle`. Throws ConfigError as above.
std::unique_ptr<data::Sampler> make_sampler(const SamplerChoice& choice, Task& task, const data::SamplingPlan& plan);

}  // namespace talweg
