#include "core/task/sampler_choice.h"

#include "core/libtorch.h"
#include "core/task/capabilities.h"

namespace talweg {

std::unique_ptr<data::Sampler> make_sampler(const SamplerChoice& choice, const data::SamplingPlan& plan) {
  if (choice) return choice->create(plan);
  data::register_samplers();
  return config::Component<data::SamplerKind>("shuffle").create(plan);
}

std::unique_ptr<data::Sampler> make_sampler(const SamplerChoice& choice, Task& task, const data::SamplingPlan& plan) {
  auto* own = choice ? nullptr : dynamic_cast<OwnSampler*>(&task);
  return own ? own->make_sampler(plan) : make_sampler(choice, plan);
}

}  // namespace talweg
