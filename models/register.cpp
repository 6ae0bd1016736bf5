#include "models/register.h"

#include "models/convnet.h"
#include "models/deep_linear.h"
#include "models/linear.h"
#include "models/mlp.h"
#include "models/resnet.h"

namespace talweg::models {
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<TensorModelKind>::instance().add<Options>(
      name, summary, source, [](const Options& options, const TensorModelShape& shape) -> std::shared_ptr<TensorModel> {
        return std::make_shared<T>(options, shape);
      });
}

}  // namespace

void register_components() {
  static const bool once = [] {
    add<Linear, LinearOptions>("linear", "one linear layer: logistic or softmax regression", "standard");
    add<DeepLinear, DeepLinearOptions>("deep_linear", "product of linear layers without biases",
                                       "Ghosh et al. 2025 (arXiv 2502.20531)");
    add<Mlp, MlpOptions>("mlp", "multilayer perceptron on the flattened input", "standard");
    add<Convnet, ConvnetOptions>("convnet", "convolutions with pooling for small images",
                                 "LeCun et al. 1998, in today's form");
    add<Resnet, ResnetOptions>("resnet", "residual network for small images", "He et al. 2016, section 4.2");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::models
