#include "core/agents/consensus_objective.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

class TermRay : public Ray {
 public:
  TermRay(std::unique_ptr<Ray> own, double scale, std::array<double, 3> parabola)
      : own_(std::move(own)), scale_(scale), parabola_(parabola) {}
  std::vector<double> values(std::span<const double> step_sizes) override {
    std::vector<double> values = own_->values(step_sizes);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double eta = step_sizes[i];
      values[i] = scale_ * values[i] + parabola_[0] + eta * (parabola_[1] + eta * parabola_[2]);
    }
    return values;
  }
  std::size_t block_size() const override { return own_->block_size(); }
  bool is_convex() const override { return own_->is_convex(); }
  void accept(double step_size) override { own_->accept(step_size); }
  std::int64_t forwards() const override { return own_->forwards(); }

 private:
  std::unique_ptr<Ray> own_;
  double scale_;
  std::array<double, 3> parabola_;
};

class TermHessian : public HessianOperator {
 public:
  TermHessian(std::unique_ptr<HessianOperator> own, const QuadraticTerm& term) : own_(std::move(own)), term_(term) {}
  Direction times(const Direction& v) override {
    Direction product = own_->times(v);
    term_.add_curvature(v, product);
    return product;
  }

 private:
  std::unique_ptr<HessianOperator> own_;
  const QuadraticTerm& term_;
};

/// Tensors one after the other, [d] float64 on the CPU.
at::Tensor in_a_row(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& tensor : tensors) flat.push_back(tensor.reshape({-1}).to(at::kCPU, at::kDouble));
  return at::cat(flat);
}

}  // namespace

const QuadraticTerm* ConsensusObjective::term() const {
  const QuadraticTerm* term = consensus_.term();
  return term && !term->is_empty() ? term : nullptr;
}

at::Tensor ConsensusObjective::with_term(const at::Tensor& own) const {
  torch::NoGradGuard no_grad;
  const QuadraticTerm* added = term();
  return added ? own * added->loss_scale + added->value(parameters()).to(own.scalar_type()) : own;
}

at::Tensor ConsensusObjective::value() {
  return with_term(own_.value());
}

at::Tensor ConsensusObjective::probe(double fraction) {
  return with_term(own_.probe(fraction));
}

Evaluation ConsensusObjective::gradient() {
  Evaluation evaluation = own_.gradient();
  if (!evaluation.usable) return evaluation;
  if (!own_value_.defined()) own_value_ = evaluation.value;
  torch::NoGradGuard no_grad;
  consensus_.observe_gradient(parameters());
  const QuadraticTerm* added = consensus_.term();
  if (!added || (added->is_empty() && added->counts.empty())) return evaluation;
  const at::Tensor value = added->add_gradient(parameters());
  evaluation.value = evaluation.value * added->loss_scale + value.to(evaluation.value.scalar_type());
  return evaluation;
}

std::unique_ptr<Ray> ConsensusObjective::along(Direction direction) {
  const QuadraticTerm* added = term();
  if (!added) return own_.along(std::move(direction));
  const std::array<double, 3> parabola = added->along(parameters(), direction);
  return std::make_unique<TermRay>(own_.along(std::move(direction)), added->loss_scale, parabola);
}

std::unique_ptr<HessianOperator> ConsensusObjective::hessian() {
  const QuadraticTerm* added = term();
  return added ? std::make_unique<TermHessian>(own_.hessian(), *added) : own_.hessian();
}

std::optional<double> ConsensusObjective::smoothness() {
  CurvatureFacet* own = own_.curvature_facet();
  const std::optional<double> constant = own ? own->smoothness() : std::nullopt;
  const QuadraticTerm* added = term();
  return constant && added ? std::optional(*constant * added->loss_scale + added->largest_curvature()) : constant;
}

NoisyValues ConsensusObjective::draw(const NoisyQuery& query) {
  NoisyValues observed = own_.draw(query);
  const QuadraticTerm* added = term();
  if (!added) return observed;
  torch::NoGradGuard no_grad;
  at::Tensor sum = at::full({query.points.size(0)}, added->constant, at::kDouble);
  if (!added->linear.empty()) sum += query.points.mv(in_a_row(added->linear));
  if (!added->centre.empty()) {
    const at::Tensor squares = (query.points - in_a_row(added->centre)).square();
    sum += added->curvature.empty() ? 0.5 * added->uniform_curvature * squares.sum(1)
                                    : 0.5 * squares.mv(in_a_row(added->curvature));
  }
  observed.values = observed.values * added->loss_scale + sum.unsqueeze(1);
  return observed;
}

ClippedSum ConsensusObjective::clipped_gradient(const gradient::Clipping& clipping, gradient::Backend backend) {
  ClippedSum sum = own_.examples_facet()->clipped_gradient(clipping, backend);
  if (!own_value_.defined()) own_value_ = sum.loss;
  return sum;
}

void ConsensusObjective::add_known_gradient() {
  own_.examples_facet()->add_known_gradient();
  if (const QuadraticTerm* added = term()) added->add_gradient(parameters());
}

void ConsensusObjective::require_separate_examples() const {
  if (const std::string sent = consensus_.sends_of_gradients(); !sent.empty())
    throw ConfigError(
        fmt::format("agents.consensus: {} made from gradients without noise, and would be sent to others: beside a "
                    "private optimizer take averaging, federated_average, dsgd, macim or dinno, which send what is "
                    "private already",
                    sent));
  own_.examples_facet()->require_separate_examples();
}

}  // namespace talweg::agents
