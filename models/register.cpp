#include "models/register.h"

#include "models/convnet.h"
#include "models/deep_linear.h"
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
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<TensorModelKind>::instance().add<Options>(
      name, summary, source, [](const Options& options, const TensorModelShape& shape) -> std::shared_ptr<TensorModel> {
        return std::make_shared<T>(options, shape);
      });
}

template <class T, class Options>
void add_in_context(const char* name, const char* summary, const char* source) {
  config::Registry<InContextModelKind>::instance().add<Options>(
      name, summary, source,
      [](const Options& options, const InContextShape& shape) -> std::shared_ptr<InContextModel> {
        return std::make_shared<T>(options, shape);
      });
}

template <class T, class Options>
void add_language(const char* name, const char* summary, const char* source) {
  config::Registry<LanguageModelKind>::instance().add<Options>(
      name, summary, source,
      [](const Options& options, const LanguageModelShape& shape) -> std::shared_ptr<LanguageModel> {
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
    add_in_context<LinearTransformer, LinearTransformerOptions>(
        "linear_transformer", "one layer of linear attention that decodes a chain of weight vectors",
        "Huang, Wang and Lee 2025");
    add_in_context<WeightLoop, WeightLoopOptions>(
        "weight_loop", "the same layer looped: its output replaces the last token", "after Huang, Wang and Lee 2025");
    add_in_context<LabelLoop, LabelLoopOptions>("label_loop",
                                                "linear attention on labels, looped or with weights per layer",
                                                "Ahn et al. 2023; Gatmiry et al. 2024");
    add_in_context<SoftmaxTransformer, SoftmaxTransformerOptions>(
        "softmax_transformer", "a GPT-2-type transformer that decodes a chain of weight vectors", "ours");
    add_in_context<LabelTransformer, SoftmaxTransformerOptions>(
        "label_transformer", "a GPT-2-type transformer on pairs of inputs and labels", "Garg et al. 2022");
    add_language<Llama, LlamaOptions>("llama", "decoder with rotary positions, shared key/value heads and SwiGLU",
                                      "Touvron et al. 2023; Ainslie et al. 2023");
    add_language<Gpt2, Gpt2Options>("gpt2", "decoder with learnt positions, layer norms and a GELU perceptron",
                                    "Radford et al. 2019");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::models
