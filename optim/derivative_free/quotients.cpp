#include "optim/derivative_free/quotients.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

/// Numbers that the points of one query may hold.
constexpr std::int64_t kNumbersAtOnce = std::int64_t{1} << 22;

/// h·u for the places [begin, end) of the perturbations: [end − begin, d].
at::Tensor displacements(const Frame& frame, const Perturbations& perturbations, std::int64_t begin, std::int64_t end) {
  const std::int64_t d = frame.dimension();
  at::Tensor rows = at::zeros({end - begin, d}, at::kDouble);
  double* row = rows.mutable_data_ptr<double>();
  for (std::int64_t place = begin; place < end; ++place)
    frame.displace(row + (place - begin) * d, place / perturbations.count,
                   perturbations.h[static_cast<std::size_t>(place)]);
  return rows;
}

/// The points about which both sides of each displacement lie in the box: x, or the nearest such point; the middle of
/// the box where it is too narrow. An oracle that is asked beyond its box observes at the edge, and a quotient by the
/// whole displacement would tell too small a slope.
at::Tensor centres(const Observer& observer, const at::Tensor& x, const at::Tensor& displacements) {
  const NoisyLimits& box = observer.box();
  if (!box.lower.defined()) return x;
  const at::Tensor middle = (box.lower + box.upper) / 2, reach = displacements.abs();
  const at::Tensor low = box.lower + reach, high = box.upper - reach;
  return at::where(low > high, middle, at::maximum(at::minimum(x, high), low));
}

/// Which way, 1 or −1, each displacement is taken from x: the other one where it alone stays in the box. [n, 1]
at::Tensor sides(const Observer& observer, const at::Tensor& x, const at::Tensor& displacements) {
  const NoisyLimits& box = observer.box();
  if (!box.lower.defined()) return at::ones({displacements.size(0), 1}, at::kDouble);
  const auto stays = [&](const at::Tensor& points) {
    return (points >= box.lower).logical_and(points <= box.upper).all(1, /*keepdim=*/true);
  };
  const at::Tensor turned = stays(x + displacements).logical_not().logical_and(stays(x - displacements));
  return 1 - 2 * turned.to(at::kDouble);
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
    const at::Tensor steps = displacements(frame, perturbations, begin, end), about = centres(observer, x, steps);
    const at::Tensor points = at::stack({about + steps, about - steps}, 1).view({2 * (end - begin), frame.dimension()});
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
  const at::Tensor steps = displacements(frame, perturbations, 0, r), about = centres(observer, x, steps);
  const at::Tensor values = observer.observe_pairs_alike(at::cat({about + steps, about - steps}), pairs);
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
  for (std::int64_t begin = 0; begin < frame.count(); begin += block) {
    const at::Tensor steps = displacements(frame, perturbations, begin, std::min(frame.count(), begin + block));
    const at::Tensor side = sides(observer, x, steps);
    parts.push_back(side * (observer.observe(x + side * steps, pairs) - origin));
  }
  at::Tensor quotients = at::cat(parts).unsqueeze(1).contiguous();
  divide(quotients, perturbations, 1);
  return quotients;
}

}  // namespace talweg::optim
