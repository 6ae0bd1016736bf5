#include "core/checkpoint/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace talweg::checkpoint {
namespace {

[[noreturn]] void throw_missing(const std::string& name) {
  throw DataError(fmt::format("the saved state has no '{}'; was the checkpoint written by something else?", name));
}

}  // namespace

void State::add(std::string name, at::Tensor tensor) {
  tensors.emplace_back(std::move(name), std::move(tensor));
}

void State::add(const std::string& name, State part) {
  for (auto& [key, tensor] : part.tensors) tensors.emplace_back(name + "/" + key, std::move(tensor));
  values[name] = std::move(part.values);
}

bool State::has(const std::string& name) const {
  return std::any_of(tensors.begin(), tensors.end(), [&](const auto& item) { return item.first == name; });
}

const at::Tensor& State::require(const std::string& name) const {
  for (const auto& [known, tensor] : tensors)
    if (known == name) return tensor;
  throw_missing(name);
}

State State::part(const std::string& name) const {
  if (!values.contains(name)) throw_missing(name);
  State part;
  part.values = values.at(name);
  const std::string prefix = name + "/";
  for (const auto& [key, tensor] : tensors)
    if (key.starts_with(prefix)) part.add(key.substr(prefix.size()), tensor);
  return part;
}

}  // namespace talweg::checkpoint
