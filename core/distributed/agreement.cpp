// What a group makes sure of before it trusts its ranks: that they are given the same, and came to the same.
#include <fmt/format.h>

#include <algorithm>

#include "core/distributed/connection.h"
#include "core/distributed/process_group.h"
#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::distributed {
namespace {

/// The first line in which two texts differ, of each.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end_a = std::min(a.find('\n', begin), a.size()), end_b = std::min(b.find('\n', begin), b.size());
    const std::string line_a = a.substr(std::min(begin, a.size()), end_a - std::min(begin, a.size()));
    const std::string line_b = b.substr(std::min(begin, b.size()), end_b - std::min(begin, b.size()));
    if (line_a != line_b || end_a == a.size() || end_b == b.size()) return {line_a, line_b};
    begin = end_a + 1;
  }
}

/// A number that depends on every bit and its place, computed on the device in parts of bounded size: [1].
at::Tensor fingerprint(const at::Tensor& tensor) {
  constexpr std::int64_t kPart = 1 << 22;
  const at::Tensor flat = tensor.detach().contiguous().reshape({-1});
  const auto width = static_cast<std::int64_t>(flat.element_size());
  const at::ScalarType type = width == 8 ? at::kLong : width == 4 ? at::kInt : width == 2 ? at::kShort : at::kByte;
  const at::TensorOptions numbers = flat.options().dtype(at::kLong);
  // A sum alone would not see two values that changed places.
  const at::Tensor places = at::arange(1, std::min(kPart, flat.numel()) + 1, numbers);
  at::Tensor total = at::zeros({1}, numbers);
  for (std::int64_t begin = 0; begin < flat.numel(); begin += kPart) {
    const std::int64_t length = std::min(kPart, flat.numel() - begin);
    const at::Tensor words = flat.narrow(0, begin, length).view(type).to(at::kLong);
    total = total * 31 + (words * places.narrow(0, 0, length)).sum();
  }
  return total;
}

}  // namespace

void ProcessGroup::require_equal_text(const std::string& what, const std::string& text) {
  const std::string first = broadcast(text);
  const auto odd = static_cast<std::int64_t>(maximum(first == text ? -1 : static_cast<double>(rank())));
  if (odd < 0) return;
  if (odd == rank()) {
    const auto [theirs, ours] = first_difference(first, text);
    connection_->leave_word("difference", odd, fmt::format("'{}' instead of '{}'", ours, theirs));
  }
  const std::string difference = connection_->read_word("difference", odd);
  barrier();  // rank 0 keeps the store until everybody has read it
  throw ConfigError(fmt::format("{} has another {} than rank 0: {}; start all ranks with the same files and settings",
                                connection_->described(odd), what, difference));
}

void ProcessGroup::require_equal_tensors(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  if (tensors.empty()) return;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> prints;
  for (const auto& [name, tensor] : tensors) prints.push_back(fingerprint(tensor));
  const at::Tensor ours = at::cat(prints).cpu();
  const at::Tensor first = ours.clone();
  broadcast(first);
  const auto odd = static_cast<std::int64_t>(maximum(at::equal(first, ours) ? -1 : static_cast<double>(rank())));
  if (odd < 0) return;
  double place = -1;
  if (odd == rank()) place = (first != ours).nonzero().flatten()[0].item<double>();
  const auto index = static_cast<std::size_t>(maximum(place));
  throw SystemError(
      fmt::format("{} holds other weights than rank 0: '{}' differs. Equal steps from equal weights are what data "
                  "parallel training rests on; are the programs and the processors the same?",
                  connection_->described(odd), tensors[index].first));
}

}  // namespace talweg::distributed
