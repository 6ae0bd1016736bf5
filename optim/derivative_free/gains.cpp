#include "optim/derivative_free/gains.h"

#include "core/libtorch.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {

void GainDescent::advance(Observer& observer, StepReport& report) {
  const std::int64_t k = steps() + 1;
  const double gain = gains_.step_size(learning_rate(), k), displacement = gains_.displacement(k);
  report.step_size = gain;
  report.scalars = {{"perturbation", displacement}};
  const Frame frame = directions(observer.dimension());
  if (!observer.affords(2 * frame.count() * draws_)) {
    report.status = StepStatus::out_of_evaluations;
    return;
  }
  const at::Tensor quotients = common_random_numbers_
                                   ? central_quotients_alike(observer, observer.here(), frame, displacement, draws_)
                                   : central_quotients(observer, observer.here(), frame,
                                                       Perturbations::same(frame.count(), displacement), draws_);
  if (!observer.all_finite()) {
    report.skipped();
    return;
  }
  const at::Tensor slopes = quotients.mean(2).contiguous();
  const at::Tensor gradient = frame.combine({slopes.const_data_ptr<double>(), static_cast<std::size_t>(frame.count())});
  move_to(observer, at::sub(observer.here(), gradient, gain));
}

}  // namespace talweg::optim
