#include "core/device/generators.h"

#include <ATen/Context.h>

namespace talweg {

std::vector<at::Generator> generators_of(at::Device device) {
  std::vector<at::Generator> list{at::globalContext().defaultGenerator(at::kCPU)};
  if (!device.is_cpu()) list.push_back(at::globalContext().defaultGenerator(device));
  return list;
}

std::vector<at::Tensor> states_of(const std::vector<at::Generator>& generators) {
  std::vector<at::Tensor> states;
  for (const at::Generator& generator : generators) states.push_back(generator.get_state());
  return states;
}

void restore_generators(std::vector<at::Generator>& generators, const std::vector<at::Tensor>& states) {
  for (std::size_t i = 0; i < generators.size(); ++i) generators[i].set_state(states[i]);
}

at::Generator seeded_generator(at::Device device, std::uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace talweg
