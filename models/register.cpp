#include "models/register.h"

#include "models/convnet.h"
#include "models/deep_linear/deep_linear.h"
#include "models/in_context/label_loop.h"
#include "models/in_context/linear_transformer.h"
#include "models/in_context/softmax_transformer.h"
#include "models/in_context/weight_loop.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "models/linear.h"
#include "models/mlp.h"
#include "models/resnet.h"

namespace talweg::models {
void register_components() {
  static const bool once = [] {
    auto& registry = config::Registry<TensorModelKind>::instance();
    auto& in_context = config::Registry<InContextModelKind>::instance();
    auto& language = config::Registry<LanguageModelKind>::instance();
    registry.add<Linear, LinearOptions>("linear", "one linear layer: logistic or softmax regression", "standard");
    registry.add<DeepLinear, DeepLinearOptions>("deep_linear", "product of linear layers without biases",
                                                "Ghosh et al. 2025 (arXiv 2502.20531)");
    registry.add<Mlp, MlpOptions>("mlp", "multilayer perceptron on the flattened input", "standard");
    registry.add<Convnet, ConvnetOptions>("convnet", "convolutions with pooling for small images",
                                          "LeCun et al. 1998, in today's form");
    registry.add<Resnet, ResnetOptions>("resnet", "residual network for small images", "He et al. 2016, section 4.2");
    in_context.add<LinearTransformer, LinearTransformerOptions>(
        "linear_transformer", "one layer of linear attention that decodes a chain of weight vectors",
        "Huang, Wang and Lee 2025");
    in_context.add<WeightLoop, WeightLoopOptions>(
        "weight_loop", "the same layer looped: its output replaces the last token", "after Huang, Wang and Lee 2025");
    in_context.add<LabelLoop, LabelLoopOptions>("label_loop",
                                                "linear attention on labels, looped or with weights per layer",
                                                "Ahn et al. 2023; Gatmiry et al. 2024");
    in_context.add<SoftmaxTransformer, SoftmaxTransformerOptions>(
        "softmax_transformer", "a GPT-2-type transformer that decodes a chain of weight vectors", "ours");
    in_context.add<LabelTransformer, SoftmaxTransformerOptions>(
        "label_transformer", "a GPT-2-type transformer on pairs of inputs and labels", "Garg et al. 2022");
    language.add<Llama, LlamaOptions>("llama", "decoder with rotary positions, shared key/value heads and SwiGLU",
                                      "Touvron et al. 2023; Ainslie et al. 2023");
    language.add<Gpt2, Gpt2Options>("gpt2", "decoder with learnt positions, layer norms and a GELU perceptron",
                                    "Radford et al. 2019");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::models
