#include "core/gradient/per_example_gradients.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "torch/csrc/autograd/autograd.h"
#include "torch/csrc/autograd/engine.h"

namespace talweg::gradient {
namespace {

using torch::autograd::Edge;
using torch::autograd::edge_list;
using torch::autograd::variable_list;

/// Hands the gradient of a node's output on, and leaves it as it is.
class OutputHook : public torch::autograd::FunctionPreHook {
 public:
  explicit OutputHook(std::function<void(const at::Tensor&)> visit) : visit_(std::move(visit)) {}
  variable_list operator()(const variable_list& gradients) override {
    visit_(gradients.front());
    return gradients;
  }

 private:
  std::function<void(const at::Tensor&)> visit_;
};

/// One backward pass from Σ losses that visits every tap with the gradient of its output, and computes no gradient of a
/// parameter.
template <class Visit>
void visit_taps(const at::Tensor& losses, const std::vector<Tap>& taps, bool keep_graph, Visit&& visit) {
  edge_list ends;
  std::vector<const Tap*> last;
  for (const Tap& tap : taps) {
    if (tap.is_last) {
      ends.emplace_back(tap.node, 0);
      last.push_back(&tap);
    } else {
      tap.node->add_tensor_pre_hook(
          std::make_unique<OutputHook>([&visit, &tap](const at::Tensor& gradient) { visit(tap, gradient); }));
    }
  }
  if (ends.empty()) return;
  variable_list at_ends = torch::autograd::Engine::get_default_engine().execute(
      {torch::autograd::impl::gradient_edge(losses)}, {at::ones_like(losses)}, keep_graph, /*create_graph=*/false,
      /*accumulate_grad=*/false, ends);
  for (std::size_t i = 0; i < last.size(); ++i) {
    visit(*last[i], at_ends[i]);
    at_ends[i] = at::Tensor();
    if (!keep_graph) last[i]->node->release_variables();
  }
}

variable_list gradients_of(const at::Tensor& loss, const std::vector<at::Tensor>& inputs, bool keep_graph) {
  if (!loss.requires_grad()) return variable_list(inputs.size());
  return torch::autograd::grad({loss}, inputs, {}, keep_graph, false, /*allow_unused=*/true);
}

at::Tensor checked(at::Tensor losses, std::int64_t length) {
  if (losses.dim() != 1 || losses.size(0) != length)
    throw std::logic_error(
        fmt::format("a task answered {} numbers for the losses of {} examples", losses.numel(), length));
  return losses;
}

/// Norms further apart than this (relative), or than `kNegligible` of the whole gradient, are of different vectors.
constexpr double kTolerance = 0.02, kNegligible = 1e-4;

/// What the examples of one pass may keep until their norms are known. On a processor little is lost by passes of
/// fewer examples, and caches gain.
std::int64_t bytes_at_once(const at::Device& device) {
  return device.is_cpu() ? std::int64_t{64} << 20 : std::int64_t{1} << 30;
}

}  // namespace

std::vector<std::pair<std::string, Backend>> choices(Backend) {
  return {{"ghost", Backend::ghost}, {"materialise", Backend::materialise}, {"loop", Backend::loop}};
}

PerExampleGradients::PerExampleGradients(ParameterList parameters)
    : parameters_(std::move(parameters)), trust_(parameters_.size(), Trust::unknown) {
  for (const NamedParameter& parameter : parameters_) {
    tensors_.push_back(parameter.tensor);
    gradients_.emplace_back(parameter.tensor.sizes().vec());
  }
}

std::vector<std::string> PerExampleGradients::looped() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (trust_[i] == Trust::refuted) names.push_back(parameters_[i].name);
  return names;
}

PerExampleGradients::Answer PerExampleGradients::add_clipped(const ExampleLosses& losses, std::int64_t begin,
                                                             std::int64_t length, const Clipping& clipping,
                                                             Backend backend, std::vector<at::Tensor>& sums) {
  sums.resize(tensors_.size());
  if (backend == Backend::loop) return add_one_at_a_time(losses, begin, length, clipping, sums);
  const bool doubtful = std::any_of(trust_.begin(), trust_.end(), [](Trust t) { return t < Trust::proven; });
  // A batch of one cannot mix, and proves nothing.
  if (length > 1 && ++calls_ >= next_check_ && doubtful) {
    verify(losses, begin, std::min<std::int64_t>(length, 4));
    next_check_ = 2 * calls_;
  }
  const std::int64_t at_once = std::max<std::int64_t>(
      1, bytes_at_once(tensors_.front().device()) / std::max<std::int64_t>(1, bytes_of_example_));
  const std::int64_t parts = (length + at_once - 1) / at_once;
  if (parts <= 1) return add_part(losses, begin, length, clipping, backend, sums);
  std::vector<at::Tensor> values, norms;
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = part * length / parts, last = (part + 1) * length / parts;
    Answer answer = add_part(losses, begin + first, last - first, clipping, backend, sums);
    values.push_back(std::move(answer.losses));
    norms.push_back(std::move(answer.norms));
  }
  return {at::cat(values), at::cat(norms)};
}

PerExampleGradients::Answer PerExampleGradients::add_part(const ExampleLosses& losses, std::int64_t begin,
                                                          std::int64_t length, const Clipping& clipping,
                                                          Backend backend, std::vector<at::Tensor>& sums) {
  const at::Tensor values = checked(losses(begin, length), length);
  const std::vector<bool> recorded = record_all(values, backend, false);
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < recorded.size(); ++i)
    if (!recorded[i]) rest.push_back(i);
  torch::NoGradGuard no_grad;
  if (!rest.empty()) loop_over(losses, begin, length, rest);

  const at::Tensor squared = squared_norms(length);
  const at::Tensor factors = clipping.factors(squared);
  const bool common = factors.size(0) == 1;
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    if (gradients_[i].empty()) continue;
    gradients_[i].add_weighted_sum(factors[common ? 0 : static_cast<std::int64_t>(i)].to(tensors_[i].scalar_type()),
                                   sums[i]);
    gradients_[i].clear();
  }
  return {values.detach(), squared.sum(0).sqrt_()};
}

/// Fills gradients_ from one backward pass; returns which parameters are done.
std::vector<bool> PerExampleGradients::record_all(const at::Tensor& losses, Backend backend, bool keep_graph) {
  for (ParameterGradients& gradients : gradients_) gradients.clear();
  TapSearch search = find_taps(losses, tensors_);
  std::vector<bool> done(tensors_.size());
  for (std::size_t i = 0; i < done.size(); ++i) done[i] = !search.untapped[i] && trust_[i] != Trust::refuted;
  for (Tap& tap : search.taps) std::erase_if(tap.uses, [&](const ParameterUse& use) { return !done[use.parameter]; });
  const std::int64_t batch = losses.size(0);
  visit_taps(losses, search.taps, keep_graph, [&](const Tap& tap, const at::Tensor& gradient) {
    torch::NoGradGuard no_grad;
    for (const std::size_t parameter : record(tap, gradient, batch, tensors_, gradients_)) done[parameter] = false;
    if (backend == Backend::materialise)
      for (const ParameterUse& use : tap.uses) gradients_[use.parameter].materialise();
  });
  for (std::size_t i = 0; i < done.size(); ++i)
    if (!done[i]) {
      gradients_[i].clear();
      trust_[i] = Trust::refuted;
      done[i] = !search.used[i];
    }
  return done;
}

void PerExampleGradients::verify(const ExampleLosses& losses, std::int64_t begin, std::int64_t length) {
  const at::Tensor values = checked(losses(begin, length), length);
  std::vector<at::Tensor> reference;  // per example, [parameters]
  for (std::int64_t i = 0; i < length; ++i) {
    const variable_list gradients = gradients_of(values[i], tensors_, true);
    std::vector<at::Tensor> norms;
    for (const at::Tensor& gradient : gradients)
      norms.push_back(gradient.defined() ? gradient.norm().to(at::kDouble)
                                         : at::zeros({}, values.options().dtype(at::kDouble).requires_grad(false)));
    reference.push_back(at::stack(norms));
  }
  record_all(values, Backend::ghost, true);
  std::int64_t kept = 0;
  for (const ParameterGradients& gradients : gradients_) kept += gradients.bytes();
  bytes_of_example_ = kept / length;
  torch::NoGradGuard no_grad;
  const at::Tensor expected = at::stack(reference, 1).cpu();
  const at::Tensor got = squared_norms(length).to(at::kDouble).sqrt().cpu();
  const at::Tensor whole = expected.square().sum(0).sqrt();
  for (std::size_t p = 0; p < tensors_.size(); ++p) {
    bool agrees = true, counts = true;
    for (std::int64_t i = 0; i < length; ++i) {
      const auto row = static_cast<std::int64_t>(p);
      const double a = expected[row][i].item<double>(), b = got[row][i].item<double>();
      const double negligible = kNegligible * whole[i].item<double>();
      agrees = agrees && std::abs(a - b) <= kTolerance * a + negligible;
      counts = counts && a > negligible;
    }
    if (trust_[p] == Trust::refuted) continue;
    trust_[p] = !agrees ? Trust::refuted : counts ? Trust::proven : Trust::negligible;
    gradients_[p].clear();
  }
}

/// Gradients of single examples for some parameters, formed: into gradients_.
void PerExampleGradients::loop_over(const ExampleLosses& losses, std::int64_t begin, std::int64_t length,
                                    const std::vector<std::size_t>& which) {
  std::vector<at::Tensor> inputs, formed;
  for (const std::size_t i : which) {
    inputs.push_back(tensors_[i]);
    std::vector<std::int64_t> shape = tensors_[i].sizes().vec();
    shape.insert(shape.begin(), length);
    formed.push_back(at::zeros(shape, tensors_[i].options().requires_grad(false)));
  }
  for (std::int64_t i = 0; i < length; ++i) {
    const torch::AutoGradMode with_graph(true);
    const variable_list gradients = gradients_of(checked(losses(begin + i, 1), 1)[0], inputs, false);
    torch::NoGradGuard no_grad;
    for (std::size_t k = 0; k < which.size(); ++k)
      if (gradients[k].defined()) formed[k][i].copy_(gradients[k]);
  }
  for (std::size_t k = 0; k < which.size(); ++k) gradients_[which[k]].add_explicit(formed[k]);
}

PerExampleGradients::Answer PerExampleGradients::add_one_at_a_time(const ExampleLosses& losses, std::int64_t begin,
                                                                   std::int64_t length, const Clipping& clipping,
                                                                   std::vector<at::Tensor>& sums) {
  std::vector<at::Tensor> values, norms;
  for (std::int64_t i = 0; i < length; ++i) {
    const torch::AutoGradMode with_graph(true);
    const at::Tensor value = checked(losses(begin + i, 1), 1);
    variable_list gradients = gradients_of(value[0], tensors_, false);
    torch::NoGradGuard no_grad;
    std::vector<at::Tensor> squares;
    for (std::size_t p = 0; p < tensors_.size(); ++p) {
      if (!gradients[p].defined()) gradients[p] = at::zeros_like(tensors_[p]);
      squares.push_back(gradients[p].norm().square());
    }
    const at::Tensor squared = at::stack(squares).unsqueeze(1);
    const at::Tensor factors = clipping.factors(squared);
    for (std::size_t p = 0; p < tensors_.size(); ++p) {
      const at::Tensor term = gradients[p] * factors[factors.size(0) == 1 ? 0 : static_cast<std::int64_t>(p)][0];
      sums[p] = sums[p].defined() ? sums[p].add_(term) : term;
    }
    values.push_back(value.detach());
    norms.push_back(squared.sum(0).sqrt_());
  }
  return {at::cat(values), at::cat(norms)};
}

/// [parameters, length]; rows of parameters without gradient are zero.
at::Tensor PerExampleGradients::squared_norms(std::int64_t length) {
  std::vector<at::Tensor> rows;
  for (ParameterGradients& gradients : gradients_) {
    const at::Tensor row = gradients.empty() ? at::Tensor() : gradients.squared_norms();
    rows.push_back(row.defined() ? row : at::zeros({length}, tensors_.front().options().requires_grad(false)));
  }
  return at::stack(rows);
}

}  // namespace talweg::gradient
