// What optimizers can be used for is asked of them: lists in messages are made from the answers.
#include "core/optimizer/abilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "optim/function_objective.h"
#include "optim/register.h"
#include "optim/sam.h"
#include "small_optimizer.h"

namespace talweg::optim {
namespace {

std::unique_ptr<Optimizer> make(const std::string& name, const at::Tensor& theta) {
  config::Component<OptimizerKind> chosen;
  config::Diagnostics diagnostics;
  chosen.parse(config::parse_yaml(talweg::testing::small_optimizer(name), "abilities"), diagnostics, "optimizer");
  diagnostics.throw_if_any();
  return chosen.create(name_parameters({theta}));
}

TEST(Abilities, TheRegistrySaysWhatTheOptimizersThemselvesAre) {
  register_components();
  const auto& registry = config::Registry<OptimizerKind>::instance();
  const std::vector<std::string> dividing = registry.names_with(Shardable::ability);
  const std::vector<std::string> one_gradient = registry.names_with(OneGradient::ability);
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  const std::vector<std::string> from_values = registry.names_with(NeedsNoGradient::ability);
  const at::Tensor theta = at::zeros({4, 4}, at::kDouble).requires_grad_(true);
  for (const std::string& name : registry.names()) {
    const auto optimizer = make(name, theta);
    EXPECT_EQ(has(dividing, name), dynamic_cast<Shardable*>(optimizer.get()) != nullptr) << name;
    EXPECT_EQ(has(from_values, name), dynamic_cast<NeedsNoGradient*>(optimizer.get()) != nullptr) << name;
    EXPECT_EQ(has(one_gradient, name), dynamic_cast<OneGradient*>(optimizer.get()) != nullptr) << name;
  }
  EXPECT_THAT(dividing, ::testing::IsSupersetOf({"adam", "adamw", "lion", "galore", "lorenza"}));
  EXPECT_THAT(one_gradient, ::testing::Not(::testing::Contains("armijo")));
}

TEST(Abilities, ARefusalNamesEveryOptimizerThatWouldDo) {
  register_components();
  AdazoSamOptions options;
  options.base = config::Component<OptimizerKind>("armijo");
  try {
    AdazoSam(std::vector<at::Tensor>{parameter({1.0})}, options);
    FAIL() << "armijo looks at more than one gradient";
  } catch (const ConfigError& error) {
    for (const std::string& name : config::Registry<OptimizerKind>::instance().names_with(OneGradient::ability))
      EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("lion"));
  }
}

}  // namespace
}  // namespace talweg::optim
