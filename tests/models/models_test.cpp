#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "models/register.h"
#include "models/tensor_model.h"

namespace talweg::models {
namespace {

std::shared_ptr<TensorModel> make(const std::string& yaml, const TensorModelShape& shape) {
  register_components();
  config::Component<TensorModelKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "model");
  diagnostics.throw_if_any();
  return component.create(shape);
}

std::int64_t parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(Models, AnswerOneLogitPerClassInEveryPrecision) {
  for (const char* type : {"linear", "mlp", "convnet", "resnet", "{type: resnet, norm: group}"}) {
    for (const auto dtype : {at::kFloat, at::kDouble}) {
      auto model = make(type, {{3, 9, 8}, 5});
      model->to(dtype);
      const at::Tensor out = model->forward(at::randn({4, 3, 9, 8}, dtype));
      EXPECT_EQ(out.sizes(), (at::IntArrayRef{4, 5})) << type;
      EXPECT_EQ(out.scalar_type(), dtype);
      out.sum().backward();
      for (const auto& item : model->named_parameters())
        EXPECT_TRUE(item.value().grad().defined()) << type << " " << item.key();
    }
  }
}

TEST(Models, HaveTheExpectedNumberOfParameters) {
  EXPECT_EQ(parameters(*make("linear", {{64}, 10})), 64 * 10 + 10);
  EXPECT_EQ(parameters(*make("{type: linear, bias: false}", {{64}, 10})), 640);
  EXPECT_EQ(parameters(*make("{type: mlp, hidden: [32, 16]}", {{8, 8}, 10})),
            64 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10);
  // ResNet-20 of He et al. 2016, table 6: 0.27M. With 1×1 convolutions in the two shortcuts that change the shape.
  EXPECT_EQ(parameters(*make("resnet", {{3, 32, 32}, 10})), 269'722 + (16 * 32 + 64) + (32 * 64 + 128));
}

TEST(Models, LinearStartsAtZeroWhenAsked) {
  auto model = make("{type: linear, initialization: zero}", {{4}, 3});
  EXPECT_EQ(model->forward(at::ones({2, 4})).abs().sum().item<double>(), 0);
}

TEST(Models, DropoutActsInTrainingOnly) {
  auto model = make("{type: mlp, hidden: [100], dropout: 0.5}", {{4}, 3});
  const at::Tensor x = at::ones({1, 4});
  model->train();
  EXPECT_FALSE(at::equal(model->forward(x), model->forward(x)));
  model->eval();
  EXPECT_TRUE(at::equal(model->forward(x), model->forward(x)));
}

TEST(Models, ImageModelsRefuseVectors) {
  EXPECT_THROW(make("convnet", {{64}, 10}), ConfigError);
  EXPECT_THROW(make("resnet", {{64}, 10}), ConfigError);
}

}  // namespace
}  // namespace talweg::models
