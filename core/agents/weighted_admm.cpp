#include "core/agents/weighted_admm.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/agents/saved_tensors.h"
#include "core/device/host_read.h"
#include "core/libtorch.h"

namespace talweg::agents {

WeightedAdmm::WeightedAdmm(const AdmmOptions& options, const std::optional<CountOptions>& counts,
                           const AgentPosition& position)
    : options_(options),
      count_options_(counts),
      device_(position.parameters.front().tensor.device()),
      penalty_(options.penalty),
      copies_(options.stale_policy, device_) {
  term_.loss_scale = options_.objective_gradient_scale;
  torch::NoGradGuard no_grad;
  for (const NamedParameter& parameter : position.parameters) {
    if (options_.dual != Dual::none) term_.linear.push_back(at::zeros_like(parameter.tensor).detach());
    if (!count_options_) continue;
    const bool counted = std::none_of(count_options_->uncounted.begin(), count_options_->uncounted.end(),
                                      [&](const std::string& begin) { return parameter.name.starts_with(begin); });
    counts_.push_back(counted ? at::zeros_like(parameter.tensor).detach() : at::Tensor());
  }
  if (count_options_ && count_options_->freeze_weights) term_.counts = counts_;
}

std::vector<at::Tensor> WeightedAdmm::beside() const {
  std::vector<at::Tensor> copies;
  // What is not counted has an empty place.
  for (const at::Tensor& count : counts_) copies.push_back(count.defined() ? count.clone() : at::empty({0}, device_));
  return copies;
}

void WeightedAdmm::hear(const std::vector<at::Tensor>& parameters, const Round& round) {
  torch::NoGradGuard no_grad;
  copies_.take(round);
  penalty_ *= options_.penalty_growth;
  if (count_options_ && !count_options_->freeze_weights) {
    sent_.clear();
    for (const at::Tensor& parameter : parameters) sent_.push_back(parameter.detach().clone());
  }
  place_target(parameters, /*moves_dual=*/true);
}

std::vector<at::Tensor>& WeightedAdmm::edge_dual_of(std::int64_t neighbour, const std::vector<at::Tensor>& like) {
  std::vector<at::Tensor>& dual = edge_duals_[neighbour];
  if (dual.empty())
    for (const at::Tensor& tensor : like) dual.push_back(at::zeros_like(tensor).detach());
  return dual;
}

void WeightedAdmm::place_target(const std::vector<at::Tensor>& sent, bool moves_dual) {
  const WeightedRound round{penalty_, count_options_ ? count_options_->weight_floor : 1};
  const bool by_edge = options_.dual == Dual::per_edge && moves_dual;
  std::vector<NeighbourCopy> copies;
  for (const auto& [from, message] : copies_.all()) {
    NeighbourCopy copy;
    copy.parameters = message.parameters;
    copy.moves_dual = moves_dual;
    if (count_options_) {
      copy.counts = message.beside;
      copy.weights = weights_of_counts(counts_, message.beside, round.floor);
    }
    if (by_edge) {
      copy.edge_dual = edge_dual_of(from, sent);
      copy.moves_dual = copies_.is_fresh(from);
    }
    copies.push_back(std::move(copy));
  }
  if (by_edge && copies.empty())
    for (at::Tensor& tensor : term_.linear) tensor.zero_();
  round.place(sent, counts_, copies, term_);
}

void WeightedAdmm::observe_gradient(const std::vector<at::Tensor>& parameters) {
  if (!count_options_ || count_options_->freeze_weights) return;  // the term counts
  for (std::size_t k = 0; k < parameters.size(); ++k)
    if (counts_[k].defined() && parameters[k].grad().defined()) counts_[k].add_(parameters[k].grad().ne(0));
  if (step_is_new_ && !copies_.all().empty()) place_target(sent_, /*moves_dual=*/false);
  step_is_new_ = false;
}

std::string WeightedAdmm::sends_of_gradients() const {
  return count_options_ ? "the update counts of 'ramen' are" : "";
}

Metrics WeightedAdmm::metrics() const {
  torch::NoGradGuard no_grad;
  Metrics values;
  if (!term_.linear.empty()) {
    at::Tensor squares = at::zeros({}, term_.linear.front().options().dtype(at::kDouble));
    for (const at::Tensor& dual : term_.linear) squares += dual.to(at::kDouble).square().sum();
    values.emplace_back("consensus/dual_norm", host_read(squares.sqrt()).front());
  }
  if (counts_.empty()) return values;
  double trained = 0, all = 0;
  for (const at::Tensor& count : counts_) {
    if (!count.defined()) continue;
    trained += static_cast<double>(count.count_nonzero().item<std::int64_t>());
    all += static_cast<double>(count.numel());
  }
  values.emplace_back("consensus/trained_share", all > 0 ? trained / all : 0);
  return values;
}

std::string WeightedAdmm::announcement() const {
  if (options_.stale_policy != StalePolicy::clear || options_.dual != Dual::aggregated) return "";
  return "with 'stale_policy: clear' an aggregated dual goes on pulling where a neighbour is not heard, and parameters "
         "that little else holds drift away; where links fail, 'dual: per_edge' does not";
}

checkpoint::State WeightedAdmm::state() const {
  checkpoint::State state;
  save_tensors(state, "dual", term_.linear);
  save_tensors(state, "centre", term_.centre);
  save_tensors(state, "curvature", term_.curvature);
  save_tensors(state, "counts", counts_);
  save_tensors(state, "sent", sent_);
  state.values["penalty"] = penalty_;
  state.values["constant"] = term_.constant;
  state.values["uniform_curvature"] = term_.uniform_curvature;
  state.values["step_is_new"] = step_is_new_;
  state.values["edges"] = nlohmann::json::array();
  state.add("copies", copies_.state());
  for (const auto& [neighbour, dual] : edge_duals_) {
    state.values["edges"].push_back(neighbour);
    save_tensors(state, fmt::format("edge_{}", neighbour), dual);
  }
  return state;
}

void WeightedAdmm::load(const checkpoint::State& state) {
  term_.linear = load_tensors(state, "dual", device_);
  term_.centre = load_tensors(state, "centre", device_);
  term_.curvature = load_tensors(state, "curvature", device_);
  counts_ = load_tensors(state, "counts", device_);
  sent_ = load_tensors(state, "sent", device_);
  if (count_options_ && count_options_->freeze_weights) term_.counts = counts_;
  penalty_ = state.values.at("penalty").get<double>();
  term_.constant = state.values.at("constant").get<double>();
  term_.uniform_curvature = state.values.at("uniform_curvature").get<double>();
  step_is_new_ = state.values.at("step_is_new").get<bool>();
  copies_.load(state.part("copies"));
  edge_duals_.clear();
  for (const nlohmann::json& item : state.values.at("edges")) {
    const auto neighbour = item.get<std::int64_t>();
    edge_duals_[neighbour] = load_tensors(state, fmt::format("edge_{}", neighbour), device_);
  }
}

}  // namespace talweg::agents
