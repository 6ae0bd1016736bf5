#include "core/train/loss_window.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg {

void LossWindow::add(const at::Tensor& loss, std::int64_t step) {
  ++count_;
  if (loss.device().is_cpu()) {
    const double value = loss.item<double>();
    host_sum_ += value;
    if (!std::isfinite(value) && host_first_bad_ < 0) host_first_bad_ = step;
    return;
  }
  torch::NoGradGuard no_grad;
  if (!device_sum_.defined()) device_sum_ = at::zeros({}, loss.options().dtype(at::kDouble).requires_grad(false));
  if (!first_bad_.defined()) first_bad_ = at::full({}, -1, loss.options().dtype(at::kLong).requires_grad(false));
  device_sum_.add_(loss.detach());
  first_bad_ = at::where(loss.isfinite().logical_or(first_bad_ >= 0), first_bad_, at::full_like(first_bad_, step));
}

LossWindow::Reading LossWindow::take() {
  Reading reading;
  reading.count = count_;
  double sum = host_sum_;
  std::int64_t bad = host_first_bad_;
  if (device_sum_.defined()) {
    sum += device_sum_.item<double>();
    device_sum_.zero_();
    if (bad < 0) bad = first_bad_.item<std::int64_t>();
  }
  if (count_ > 0) reading.mean = sum / static_cast<double>(count_);
  if (bad >= 0) reading.first_non_finite_step = bad;
  host_sum_ = 0;
  count_ = 0;
  return reading;
}

nlohmann::json LossWindow::state() const {
  const double sum = host_sum_ + (device_sum_.defined() ? device_sum_.item<double>() : 0);
  return {{"sum", std::isfinite(sum) ? sum : 0}, {"count", std::isfinite(sum) ? count_ : 0}};
}

void LossWindow::load(const nlohmann::json& state) {
  host_sum_ = state.at("sum").get<double>();
  count_ = state.at("count").get<std::int64_t>();
  device_sum_ = at::Tensor();
}

}  // namespace talweg
