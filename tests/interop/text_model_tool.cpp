// Reads a model folder with a head, answers ids and logits of the texts on standard input (a JSON list) as JSON, and
// writes the model to another folder: text_model_tool FOLDER OUT
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/register.h"
#include "tasks/text_classification/text_backbone.h"
#include "tasks/text_classification/text_dataset.h"

using namespace talweg;

namespace {

nlohmann::json rows(const at::Tensor& matrix) {
  nlohmann::json list = nlohmann::json::array();
  for (std::int64_t i = 0; i < matrix.size(0); ++i) {
    const at::Tensor row = matrix[i].to(at::kDouble).contiguous();
    list.push_back(std::vector<double>(row.const_data_ptr<double>(), row.const_data_ptr<double>() + row.numel()));
  }
  return list;
}

int run(const std::string& folder, const std::string& out) {
  tasks::register_components();
  const auto options = config::Registry<tasks::TextBackboneKind>::instance().make("pretrained");
  config::Value path = config::Value::mapping();
  path.set("path", config::Value::scalar(folder));
  config::Diagnostics diagnostics;
  options->parse(path, diagnostics);
  diagnostics.throw_if_any();
  tasks::TextBackbone backbone = options->create();
  if (!backbone.head) throw DataError("the folder holds no head");

  tasks::LabelledTexts texts;
  texts.name = "standard input";
  texts.first = nlohmann::json::parse(std::cin).get<std::vector<std::string>>();
  texts.labels.resize(texts.size());
  const auto count = static_cast<std::int64_t>(texts.size());
  const tasks::TextDataset dataset(texts, at::zeros({count}), *backbone.tokenizer, backbone.encoder->positions());
  std::vector<std::int64_t> all(texts.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const models::TextInput input = tasks::text_input(dataset.batch(all, 0));
  torch::NoGradGuard no_grad;
  backbone.encoder->eval();
  const at::Tensor pooled =
      models::pool(backbone.head->pooling, *backbone.encoder, backbone.encoder->hidden(input), input.mask);
  const at::Tensor logits = at::linear(pooled, backbone.head->weight, backbone.head->bias);
  std::cout << nlohmann::json{{"ids", rows(input.ids)},
                              {"logits", rows(logits)},
                              {"classes", backbone.head->class_names}}
            << std::endl;
  weights::write_model_folder(out, backbone.folder_content(*backbone.head));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    return run(argv[1], argv[2]);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
}
