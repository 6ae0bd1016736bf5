#include "tasks/triplets/margin_ray.h"

#include "core/libtorch.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

class MarginRay : public Ray {
 public:
  MarginRay(const Triplets& t, const UtilityRows& rows, const UtilityRows& change, std::function<double(double)> rest,
            std::vector<at::Tensor> parameters, Direction direction)
      : triplets_(t), rest_(std::move(rest)), parameters_(std::move(parameters)), direction_(std::move(direction)) {
    const torch::NoGradGuard no_grad;
    const auto margins = [&](const at::Tensor& users, const at::Tensor& items) {
      return triplet_margins(users, items, t).to(at::kDouble);
    };
    start_ = margins(rows.users, rows.items);
    slope_ = margins(change.users, rows.items) + margins(rows.users, change.items);
    bend_ = margins(change.users, change.items);
    triplets_.labels = triplets_.labels.to(at::kDouble);
    if (triplets_.weights.defined()) triplets_.weights = triplets_.weights.to(at::kDouble);
  }

  std::vector<double> values(std::span<const double> step_sizes) override {
    const torch::NoGradGuard no_grad;
    std::vector<double> values;
    for (const double eta : step_sizes) {
      const at::Tensor z = start_ + eta * (eta * bend_ - slope_);
      values.push_back(comparison_losses(z, triplets_).mean().item<double>() + rest_(eta));
    }
    return values;
  }

  void accept(double step_size) override {
    const torch::NoGradGuard no_grad;
    if (step_size != 0) at::_foreach_add_(parameters_, direction_, -step_size);
  }

  std::int64_t forwards() const override { return 1; }

 private:
  Triplets triplets_;
  std::function<double(double)> rest_;
  std::vector<at::Tensor> parameters_;
  Direction direction_;
  at::Tensor start_, slope_, bend_;
};

}  // namespace

std::unique_ptr<Ray> make_margin_ray(const Triplets& triplets, const UtilityRows& rows, const UtilityRows& change,
                                     std::function<double(double)> rest, std::vector<at::Tensor> parameters,
                                     Direction direction) {
  return std::make_unique<MarginRay>(triplets, rows, change, std::move(rest), std::move(parameters),
                                     std::move(direction));
}

}  // namespace talweg::tasks
