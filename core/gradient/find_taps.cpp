#include <unordered_map>

#include "core/gradient/layer_taps.h"
#include "core/gradient/tap_rules.h"
#include "core/libtorch.h"
#include "torch/csrc/autograd/generated/Functions.h"

namespace talweg::gradient {
namespace {

using torch::autograd::Edge;
using torch::autograd::Node;

class Search {
 public:
  Search(const std::vector<at::Tensor>& parameters, TapSearch& found) : found_(found) {
    for (std::size_t i = 0; i < parameters.size(); ++i)
      leaves_[torch::autograd::impl::grad_accumulator(parameters[i]).get()] = i;
    found_.used.assign(parameters.size(), false);
    found_.untapped.assign(parameters.size(), false);
  }

  void walk(const std::shared_ptr<Node>& root) {
    // Depth first with a stack of its own: graphs of deep models are deeper than the machine's.
    stack_.push_back({root, 0, false, {}});
    while (!stack_.empty()) {
      Visit& visit = stack_.back();
      if (visit.next < visit.node->num_outputs()) {
        const std::size_t slot = visit.next++;
        const Edge& edge = visit.node->next_edge(slot);
        if (!edge.is_valid()) continue;
        if (const auto leaf = follow(edge)) {
          use(visit, {leaf->first, slot, leaf->second});
          continue;
        }
        const auto known = reaches_tap_.find(edge.function.get());
        if (known == reaches_tap_.end())
          stack_.push_back({edge.function, 0, false, {}});
        else
          visit.below |= known->second;
        continue;
      }
      leave();
    }
  }

 private:
  struct Visit {
    std::shared_ptr<Node> node;
    std::size_t next;
    bool below;  // a tap lies below
    std::vector<ParameterUse> uses;
  };

  /// The parameter that an edge ends at, seen through transposition and a change of type.
  std::optional<std::pair<std::size_t, bool>> follow(Edge edge) const {
    bool transposed = false;
    for (;;) {
      const auto leaf = leaves_.find(edge.function.get());
      if (leaf != leaves_.end()) return std::pair{leaf->second, transposed};
      if (dynamic_cast<torch::autograd::generated::TBackward0*>(edge.function.get()))
        transposed = !transposed;
      else if (!dynamic_cast<torch::autograd::generated::ToCopyBackward0*>(edge.function.get()))
        return std::nullopt;
      edge = edge.function->next_edge(0);
      if (!edge.is_valid()) return std::nullopt;
    }
  }

  void use(Visit& visit, const ParameterUse& use) {
    found_.used[use.parameter] = true;
    if (has_rule(*visit.node, use))
      visit.uses.push_back(use);
    else
      found_.untapped[use.parameter] = true;
  }

  void leave() {
    Visit visit = std::move(stack_.back());
    stack_.pop_back();
    const bool is_tap = !visit.uses.empty();
    reaches_tap_[visit.node.get()] = visit.below || is_tap;
    if (is_tap) found_.taps.push_back({visit.node, std::move(visit.uses), !visit.below});
    if (!stack_.empty()) stack_.back().below |= visit.below || is_tap;
  }

  TapSearch& found_;
  std::unordered_map<const Node*, std::size_t> leaves_;
  std::unordered_map<const Node*, bool> reaches_tap_;
  std::vector<Visit> stack_;
};

}  // namespace

TapSearch find_taps(const at::Tensor& losses, const std::vector<at::Tensor>& parameters) {
  TapSearch found;
  Search search(parameters, found);
  if (losses.grad_fn()) search.walk(losses.grad_fn());
  return found;
}

}  // namespace talweg::gradient
