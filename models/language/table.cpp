#include "models/language/table.h"

#include "core/libtorch.h"

namespace talweg::models {

at::Tensor add_table(torch::nn::Module& to, const char* name, std::int64_t rows, std::int64_t width, double deviation) {
  const auto module = to.register_module(name, std::make_shared<torch::nn::Module>(name));
  at::Tensor table = module->register_parameter("weight", at::empty({rows, width}));
  torch::NoGradGuard no_grad;
  if (deviation > 0) table.normal_(0, deviation);
  return table;
}

}  // namespace talweg::models
