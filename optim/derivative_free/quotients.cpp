#include "optim/derivative_free/quotients.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

/// Numbers that the points of one query may hold.
constexpr std::int64_t kNumbersAtOnce = std::int64_t{1} << 22;

/// x + side·h·u for the places [begin, end) of the perturbations: [end − begin, d].
at::Tensor displaced(const at::Tensor& x, const Frame& frame, const Perturbations& perturbations, std::int64_t begin,
                     std::int64_t end, double side) {
  const std::int64_t d = frame.dimension();
  at::Tensor points = x.repeat({end - begin, 1});  // a copy, of a single row too
  double* point = points.mutable_data_ptr<double>();
  for (std::int64_t place = begin; place < end; ++place)
    frame.displace(point + (place - begin) * d, place / perturbations.count,
                   side * perturbations.h[static_cast<std::size_t>(place)]);
  return points;
}

void divide(at::Tensor& quotients, const Perturbations& perturbations, double factor) {
  double* quotient = quotients.mutable_data_ptr<double>();
  const std::int64_t pairs = quotients.size(2);
  for (std::size_t place = 0; place < perturbations.h.size(); ++place)
    for (std::int64_t j = 0; j < pairs; ++j) *quotient++ /= factor * perturbations.h[place];
}

}  // namespace

at::Tensor central_quotients(Observer& observer, const at::Tensor& x, const Frame& frame,
                             const Perturbations& perturbations, std::int64_t pairs) {
  const auto places = static_cast<std::int64_t>(perturbations.h.size());
  const std::int64_t block = std::max<std::int64_t>(1, kNumbersAtOnce / (2 * frame.dimension()));
  std::vector<at::Tensor> parts;
  for (std::int64_t begin = 0; begin < places; begin += block) {
    const std::int64_t end = std::min(places, begin + block);
    // Both sides of a place side by side, so that the keys of the points do not depend on the blocks.
    const at::Tensor points =
        at::stack(
            {displaced(x, frame, perturbations, begin, end, 1), displaced(x, frame, perturbations, begin, end, -1)}, 1)
            .view({2 * (end - begin), frame.dimension()});
    const at::Tensor values = observer.observe(points, pairs).view({end - begin, 2, pairs});
    parts.push_back(values.select(1, 0) - values.select(1, 1));
  }
  at::Tensor quotients = at::cat(parts).view({frame.count(), perturbations.count, pairs}).contiguous();
  divide(quotients, perturbations, 2);
  return quotients;
}

at::Tensor central_quotients_alike(Observer& observer, const at::Tensor& x, const Frame& frame, double h,
                                   std::int64_t pairs) {
  const Perturbations perturbations = Perturbations::same(frame.count(), h);
  const std::int64_t r = frame.count();
  const at::Tensor points =
      at::cat({displaced(x, frame, perturbations, 0, r, 1), displaced(x, frame, perturbations, 0, r, -1)});
  const at::Tensor values = observer.observe_pairs_alike(points, pairs);
  at::Tensor quotients = (values.narrow(0, 0, r) - values.narrow(0, r, r)).unsqueeze(1).contiguous();
  divide(quotients, perturbations, 2);
  return quotients;
}

at::Tensor forward_quotients(Observer& observer, const at::Tensor& x, const Frame& frame, double h,
                             std::int64_t pairs) {
  const Perturbations perturbations = Perturbations::same(frame.count(), h);
  const at::Tensor origin = observer.observe(x.unsqueeze(0), pairs);
  const std::int64_t block = std::max<std::int64_t>(1, kNumbersAtOnce / frame.dimension());
  std::vector<at::Tensor> parts;
  for (std::int64_t begin = 0; begin < frame.count(); begin += block)
    parts.push_back(
        observer.observe(displaced(x, frame, perturbations, begin, std::min(frame.count(), begin + block), 1), pairs));
  at::Tensor quotients = (at::cat(parts) - origin).unsqueeze(1).contiguous();
  divide(quotients, perturbations, 1);
  return quotients;
}

}  // namespace talweg::optim
