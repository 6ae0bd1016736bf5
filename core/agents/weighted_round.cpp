#include "core/agents/weighted_round.h"

#include <algorithm>
#include <limits>

#include "core/agents/consensus_kernels.h"
#include "core/agents/entries.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

template <class T>
void widen(const at::Tensor& own, const at::Tensor& other, double& least, double& largest) {
  const CountRange<T> range = range_of_sums(own.numel(), own.data_ptr<T>(), other.data_ptr<T>());
  least = std::min(least, static_cast<double>(range.least));
  largest = std::max(largest, static_cast<double>(range.largest));
}

const at::Tensor& at_place(const std::vector<at::Tensor>& list, std::size_t k) {
  static const at::Tensor none;
  return list.empty() ? none : list[k];
}

/// One tensor of a round, where all that it touches is flat.
template <class T>
double place_flat(const WeightedRound& round, std::size_t k, const at::Tensor& theta, const at::Tensor& counts,
                  const std::vector<NeighbourCopy>& copies, QuadraticTerm& term) {
  const auto of = [k](auto* base, const std::vector<at::Tensor>& list, std::int64_t begin) {
    using Entry = std::remove_pointer_t<decltype(base)>;
    T* entries = entries_of<T>(list, k);
    return static_cast<Entry*>(entries ? entries + begin : nullptr);
  };
  return sum_of_pieces(theta.numel(), [&](std::int64_t begin, std::int64_t length) {
    std::vector<CopyEntries<T>> entries;
    for (const NeighbourCopy& copy : copies)
      entries.push_back({copy.parameters[k].data_ptr<T>() + begin,
                         counts.defined() ? copy.counts[k].data_ptr<T>() + begin : nullptr,
                         of(static_cast<T*>(nullptr), copy.edge_dual, begin), static_cast<T>(copy.weights.slope),
                         static_cast<T>(copy.weights.offset), copy.moves_dual});
    const bool by_edge =
        std::any_of(copies.begin(), copies.end(), [](const NeighbourCopy& copy) { return !copy.edge_dual.empty(); });
    const OwnEntries<T> own{theta.data_ptr<T>() + begin,
                            counts.defined() ? counts.data_ptr<T>() + begin : nullptr,
                            of(static_cast<T*>(nullptr), term.linear, begin),
                            of(static_cast<T*>(nullptr), term.centre, begin),
                            of(static_cast<T*>(nullptr), term.curvature, begin),
                            static_cast<T>(round.penalty),
                            static_cast<T>(round.floor),
                            by_edge};
    return retarget(length, own, entries.data(), static_cast<std::int64_t>(entries.size()));
  });
}

/// The same by operations on whole tensors, on any device.
double place_whole(const WeightedRound& round, std::size_t k, const at::Tensor& theta, const at::Tensor& counts,
                   const std::vector<NeighbourCopy>& copies, QuadraticTerm& term) {
  const auto weight = [&](const NeighbourCopy& copy, const at::Tensor& of) {
    return counts.defined() ? (of * copy.weights.slope + copy.weights.offset).clamp_min(round.floor)
                            : at::ones_like(theta);
  };
  at::Tensor towards = at::zeros_like(theta), total = at::zeros_like(theta);
  const bool by_edge =
      std::any_of(copies.begin(), copies.end(), [](const NeighbourCopy& copy) { return !copy.edge_dual.empty(); });
  if (by_edge && !term.linear.empty()) term.linear[k].zero_();
  for (const NeighbourCopy& copy : copies) {
    const at::Tensor own = weight(copy, counts), other = weight(copy, at_place(copy.counts, k));
    const at::Tensor step = own * other / (own + other) * (copy.parameters[k] - theta);
    towards += step;
    total += own;
    if (term.linear.empty() || !copy.moves_dual) continue;
    if (by_edge)
      term.linear[k].add_(copy.edge_dual[k].add_(step, -2 * round.penalty));
    else
      term.linear[k].add_(step, -2 * round.penalty);
  }
  const at::Tensor offset = towards / total;
  term.centre[k].copy_(theta + offset);
  if (!term.curvature.empty()) term.curvature[k].copy_(total * (2 * round.penalty));
  at::Tensor constant = at::zeros({}, theta.options().dtype(at::kDouble).requires_grad(false));
  for (const NeighbourCopy& copy : copies) {
    const at::Tensor own = weight(copy, counts), other = weight(copy, at_place(copy.counts, k));
    const at::Tensor apart = other / (own + other) * (copy.parameters[k] - theta) - offset;
    constant += round.penalty * (own * apart.square()).to(at::kDouble).sum();
  }
  return constant.item<double>();
}

}  // namespace

WeightMap weights_of_counts(const std::vector<at::Tensor>& own, const std::vector<at::Tensor>& other, double floor) {
  torch::NoGradGuard no_grad;
  double least = std::numeric_limits<double>::infinity(), largest = 0;
  for (std::size_t k = 0; k < own.size(); ++k) {
    if (!own[k].defined() || own[k].numel() == 0) continue;
    if (are_flat({&own[k], &other[k]})) {
      own[k].scalar_type() == at::kFloat ? widen<float>(own[k], other[k], least, largest)
                                         : widen<double>(own[k], other[k], least, largest);
      continue;
    }
    const at::Tensor sum = (own[k] + other[k]).to(at::kDouble);
    const at::Tensor range = at::stack({sum.min(), sum.max()}).cpu();
    least = std::min(least, range[0].item<double>());
    largest = std::max(largest, range[1].item<double>());
  }
  if (!(largest > least)) return {};
  const double slope = (1 - floor) / (largest - least);
  return {slope, floor - slope * least};
}

void WeightedRound::place(const std::vector<at::Tensor>& theta, const std::vector<at::Tensor>& counts,
                          const std::vector<NeighbourCopy>& copies, QuadraticTerm& term) const {
  torch::NoGradGuard no_grad;
  term.constant = 0;
  const bool by_edge =
      std::any_of(copies.begin(), copies.end(), [](const NeighbourCopy& copy) { return !copy.edge_dual.empty(); });
  if (copies.empty()) {
    term.centre.clear();
    term.curvature.clear();
    return;
  }
  const auto make_room = [&](std::vector<at::Tensor>& list) {
    if (list.empty())
      for (const at::Tensor& tensor : theta) list.push_back(at::zeros_like(tensor).detach());
  };
  make_room(term.centre);
  if (counts.empty())
    term.uniform_curvature = 2 * penalty * static_cast<double>(copies.size());
  else
    make_room(term.curvature);
  if (by_edge) make_room(term.linear);
  for (std::size_t k = 0; k < theta.size(); ++k) {
    const at::Tensor &u = at_place(counts, k), &p = at_place(term.linear, k), &c = at_place(term.curvature, k);
    bool flat = are_flat({&theta[k], &u, &p, &c, &term.centre[k]});
    for (const NeighbourCopy& copy : copies)
      flat = flat && are_flat({&copy.parameters[k], &at_place(copy.counts, k), &at_place(copy.edge_dual, k)});
    if (!flat)
      term.constant += place_whole(*this, k, theta[k], u, copies, term);
    else if (theta[k].scalar_type() == at::kFloat)
      term.constant += place_flat<float>(*this, k, theta[k], u, copies, term);
    else
      term.constant += place_flat<double>(*this, k, theta[k], u, copies, term);
  }
}

}  // namespace talweg::agents
