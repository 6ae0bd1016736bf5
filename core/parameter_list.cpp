#include "core/parameter_list.h"

#include "core/libtorch.h"

namespace talweg {

ParameterList name_parameters(const std::vector<at::Tensor>& parameters) {
  ParameterList list;
  for (const at::Tensor& parameter : parameters) list.push_back({std::to_string(list.size()), parameter});
  return list;
}

}  // namespace talweg
