#pragma once

#include <memory>
#include <vector>

#include "core/agents/consensus.h"
#include "core/agents/links.h"
#include "core/libtorch.h"

namespace talweg::agents {

inline std::vector<at::Tensor> number(double value) {
  return {at::full({1}, value, at::kDouble)};
}

/// Agents with the losses f_i = ½a_i(θ − b_i)² of one number each, which make their primal steps exactly.
class QuadraticTeam {
 public:
  template <class Make>
  QuadraticTeam(std::vector<double> a, std::vector<double> b, GraphSchedule graphs, const LinkOptions& links,
                const Make& make)
      : a_(std::move(a)), b_(std::move(b)), links_(std::move(graphs), links, RandomStreams(5)) {
    for (std::size_t i = 0; i < a_.size(); ++i) {
      theta_.push_back(number(0));
      consensus_.push_back(make(AgentPosition{ParameterList{{"theta", theta_[i][0]}}}));
    }
  }

  /// A round of exchange, and then every agent's minimum.
  void round() {
    links_.begin(round_);
    for (std::size_t i = 0; i < a_.size(); ++i) {
      Message message;
      message.from = static_cast<std::int64_t>(i);
      message.sent = round_;
      message.parameters = {theta_[i][0].clone()};
      message.beside = consensus_[i]->beside();
      links_.send(message);
    }
    for (std::size_t i = 0; i < a_.size(); ++i) {
      const auto agent = static_cast<std::int64_t>(i);
      const std::vector<Message> heard = links_.receive(round_, agent);
      consensus_[i]->hear(theta_[i], {links_.graph(round_), agent, heard});
    }
    for (std::size_t i = 0; i < a_.size(); ++i) {
      const QuadraticTerm& term = *consensus_[i]->term();
      double linear = a_[i] * b_[i], curvature = a_[i];
      if (!term.linear.empty()) linear -= term.linear[0].item<double>();
      if (!term.centre.empty()) {
        const double c = term.curvature.empty() ? term.uniform_curvature : term.curvature[0].item<double>();
        linear += c * term.centre[0].item<double>();
        curvature += c;
      }
      theta_[i][0].fill_(linear / curvature);
    }
    ++round_;
  }

  double theta(std::size_t i) const { return theta_[i][0].item<double>(); }
  double dual(std::size_t i) const { return consensus_[i]->term()->linear[0].item<double>(); }
  double sum_of_duals() const {
    double sum = 0;
    for (std::size_t i = 0; i < a_.size(); ++i) sum += dual(i);
    return sum;
  }
  std::size_t size() const { return a_.size(); }

 private:
  std::vector<double> a_, b_;
  std::vector<std::vector<at::Tensor>> theta_;
  std::vector<std::unique_ptr<Consensus>> consensus_;
  Links links_;
  std::int64_t round_ = 0;
};

}  // namespace talweg::agents
