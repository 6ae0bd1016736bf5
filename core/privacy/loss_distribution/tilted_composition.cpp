#include "core/privacy/loss_distribution/tilted_composition.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <optional>

#include "core/privacy/loss_distribution/fourier.h"

namespace talweg::privacy {
namespace {

using Spectrum = std::vector<std::complex<double>>;

/// The part of the tilted sum that is computed, in multiples of the spacing: first … first + length − 1. Answers are
/// read from `pivot` on; what lies below it only catches mass that wraps around from above.
struct Window {
  std::int64_t first = 0;
  std::size_t length = 0;
  std::size_t pivot = 0;

  std::int64_t end() const { return first + static_cast<std::int64_t>(length); }
};

/// The sum under the tilted distribution: its cumulants and the ends of its support.
struct TiltedSum {
  const std::vector<RepeatedLoss>& losses;
  double tilt;
  Cumulants cumulants;
  double deviation, lowest, highest;

  TiltedSum(const std::vector<RepeatedLoss>& parts, double lambda)
      : losses(parts), tilt(lambda), cumulants(privacy::cumulants(parts, lambda)), lowest(0), highest(0) {
    deviation = std::sqrt(cumulants.variance) + parts.front().loss.spacing;
    for (const auto& [loss, steps] : parts) {
      const auto last = static_cast<std::int64_t>(loss.mass.size()) - 1;
      lowest += static_cast<double>(steps * loss.first) * loss.spacing;
      highest += static_cast<double>(steps * (loss.first + last)) * loss.spacing;
    }
  }

  /// The shifts of the tilt that Chernoff bounds are tried with: small ones for heavy tails, large ones for light ones.
  static constexpr double shifts[] = {0.25, 0.5, 1, 2, 3.5, 5.7, 8, 12, 50, 200};

  /// ln E e^{±t(X − mean)} for every shift.
  std::vector<double> growth(double side) const {
    std::vector<double> list;
    for (const double scale : shifts) {
      const double shift = scale / deviation;
      list.push_back(privacy::cumulants(losses, tilt + side * shift).value - cumulants.value -
                     side * shift * cumulants.mean);
    }
    return list;
  }

  /// A bound on the tilted mass beyond `edge`, from the growth on that side.
  double tail(double edge, double side, const std::vector<double>& grown) const {
    if (side > 0 ? edge > highest : edge < lowest) return 0;
    double best = 0;
    for (std::size_t i = 0; i < grown.size(); ++i)
      best = std::min(best, grown[i] - shifts[i] / deviation * side * (edge - cumulants.mean));
    return std::exp(best);
  }
};

/// Where the answer is looked for, and e^−left_out, the tilted mass that the window may leave to the bounds. The answer
/// is near the tilted mean when many steps add up; one that is not is looked for from 0 on, at a higher price.
struct Search {
  bool near_mean;
  double left_out;
};

Window choose_window(const TiltedSum& sum, const std::vector<double>& below, const std::vector<double>& above,
                     double spacing, const Search& search) {
  double down = std::numeric_limits<double>::infinity(), wrapped = down, missing = down;
  for (std::size_t i = 0; i < below.size(); ++i) {
    const double shift = TiltedSum::shifts[i] / sum.deviation;
    down = std::min(down, (below[i] + search.left_out) / shift);
    wrapped = std::min(wrapped, (above[i] + search.left_out) / shift);
    missing = std::min(missing, (above[i] + search.left_out) / (shift + sum.tilt));
  }
  const double mean = sum.cumulants.mean;
  double low = std::max(mean - down, sum.lowest - spacing),
         pivot = mean - std::min(3 * sum.deviation, (mean - low) / 2);
  if (!search.near_mean) {
    low = std::min(low, -spacing);
    pivot = 0;
  }
  // Mass above the window is missing from its answers, weighted by e^{−λx}, and lands `length` further down.
  const double high = std::min(std::max(mean + missing, mean + wrapped - (pivot - low)), sum.highest);
  Window window;
  window.first = static_cast<std::int64_t>(std::floor(low / spacing)) - 1;
  window.length = fast_length(static_cast<std::size_t>(std::ceil((high - low) / spacing)) + 8);
  window.pivot = static_cast<std::size_t>((pivot - low) / spacing);
  return window;
}

/// The tilted distribution of one step, folded into the window's length.
void fold(const LatticeLoss& loss, double tilt, double log_norm, std::size_t length, bool imaginary, Spectrum& target) {
  const auto period = static_cast<std::int64_t>(length);
  std::int64_t place = ((loss.first % period) + period) % period;
  for (std::size_t i = 0; i < loss.mass.size(); ++i) {
    if (loss.mass[i] != 0) {
      const double x = static_cast<double>(loss.first + static_cast<std::int64_t>(i)) * loss.spacing;
      const double weight = loss.mass[i] * std::exp(tilt * x - log_norm);
      auto& value = target[static_cast<std::size_t>(place)];
      value += imaginary ? std::complex<double>(0, weight) : std::complex<double>(weight, 0);
    }
    if (++place == period) place = 0;
  }
}

/// Powers of two spectra that were computed as one; adds to `product` and to the bounds on its errors.
class Product {
 public:
  explicit Product(std::size_t length) : log_modulus_(length / 2 + 1), angle_(length / 2 + 1), error_(length / 2 + 1) {}

  void multiply(std::size_t k, std::complex<double> value, double steps, double rounding) {
    const double modulus = std::max(std::abs(value), rounding);
    log_modulus_[k] += steps * std::log(modulus + rounding);
    // The angle is reduced before it is multiplied, so that its error stays steps·(rounding of the angle).
    angle_[k] = std::remainder(angle_[k] + steps * std::arg(value), 2 * std::numbers::pi);
    error_[k] += steps * (rounding / modulus + 4 * std::numeric_limits<double>::epsilon());
  }
  std::complex<double> value(std::size_t k) const { return std::polar(std::exp(log_modulus_[k]), angle_[k]); }
  double modulus(std::size_t k) const { return std::exp(log_modulus_[k]); }
  double error(std::size_t k) const { return std::exp(log_modulus_[k]) * std::min(2.0, std::expm1(error_[k])); }
  bool negligible(std::size_t k) const { return log_modulus_[k] < -75; }

 private:
  std::vector<double> log_modulus_, angle_, error_;
};

/// Both circular convolutions, real and imaginary part, and a bound on the error of every value of each.
struct Convolution {
  Spectrum values;
  double upper_error = 0, lower_error = 0;
};

Convolution convolve(const std::vector<RepeatedLoss>& upper, const std::vector<RepeatedLoss>& lower, double tilt,
                     std::size_t length) {
  Product up(length), down(length);
  FourierTransform transform(length);
  const double rounding = 2 * transform.rounding();  // the inputs of both parts sum to about 2
  for (std::size_t part = 0; part < upper.size(); ++part) {
    Spectrum packed(length);
    const auto norm = [&](const RepeatedLoss& one) { return cumulants({{one.loss, 1}}, tilt).value; };
    fold(upper[part].loss, tilt, norm(upper[part]), length, false, packed);
    fold(lower[part].loss, tilt, norm(lower[part]), length, true, packed);
    transform.forward(packed);
    const auto steps = static_cast<double>(upper[part].steps);
    for (std::size_t k = 0; k <= length / 2; ++k) {
      // The spectrum of a real sequence is conjugate symmetric: z = u + iv gives U and V from Z(k) and Z(−k).
      const std::complex<double> here = packed[k], mirrored = std::conj(packed[(length - k) % length]);
      up.multiply(k, (here + mirrored) * 0.5, steps, rounding);
      down.multiply(k, (here - mirrored) * std::complex<double>(0, -0.5), steps, rounding);
    }
  }
  Convolution answer;
  answer.values.resize(length);
  double sum = 0, upper_error = 0, lower_error = 0;
  for (std::size_t k = 0; k <= length / 2; ++k) {
    const std::size_t mirror = (length - k) % length;
    const double copies = mirror == k ? 1 : 2;
    sum += copies * (up.modulus(k) + down.modulus(k));
    upper_error += copies * up.error(k);
    lower_error += copies * down.error(k);
    if (up.negligible(k) && down.negligible(k)) continue;
    const std::complex<double> u = up.value(k), v = down.value(k), i(0, 1);
    answer.values[k] = u + i * v;
    answer.values[mirror] = std::conj(u) + i * std::conj(v);
  }
  transform.inverse(answer.values);
  const double scale = 1 / static_cast<double>(length);
  for (std::complex<double>& value : answer.values) value *= scale;
  const double inverse_error = transform.rounding() * sum;
  answer.upper_error = (upper_error + inverse_error) * scale;
  answer.lower_error = (lower_error + inverse_error) * scale;
  return answer;
}

/// ε(δ) of e^{K − λx}·density(x) on the window: δ(ε) = Σ_{x > ε} w(x)(1 − e^{ε − x}), summed from the top until it
/// passes `delta`. `extra` is added to δ(ε) throughout; `outside` is tilted mass that counts as if it lay just above ε.
/// Nothing when δ is not reached before the pivot.
template <class Density>
std::optional<double> crossing(const Window& window, double spacing, const TiltedSum& sum, double delta, double extra,
                               double outside, const Density& density) {
  const double reference = static_cast<double>(window.end() - 1) * spacing;
  double mass = extra, discounted = 0;  // Σ w, Σ w·e^{reference − x}
  for (std::size_t i = window.length; i-- > window.pivot;) {
    const double x = static_cast<double>(window.first + static_cast<std::int64_t>(i)) * spacing;
    const double scale = std::exp(sum.cumulants.value - sum.tilt * x), level = outside * scale;
    // δ at ε = x needs no term of x itself.
    if (mass - discounted * std::exp(x - reference) + level > delta) {
      // Between x and x + spacing δ(ε) = mass − discounted·e^{ε − reference}, with the level taken at x.
      const double ratio = (mass + level - delta) / discounted;
      return ratio > 0 ? std::clamp(reference + std::log(ratio), x, x + spacing) : x + spacing;
    }
    const double weight = density(i) * scale;
    mass += weight;
    discounted += weight * std::exp(reference - x);
  }
  return std::nullopt;
}

/// What both bounds need of the losses.
struct Sums {
  const std::vector<RepeatedLoss>&pessimistic, &optimistic;
  TiltedSum up, down;
  double delta, infinite;  // what the pessimistic losses have at +∞
};

/// Upper and lower ε where the search finds them.
struct Found {
  std::optional<double> upper, lower;
  std::size_t length = 0;
};

Found find(const Sums& sums, const Search& search) {
  const double spacing = sums.pessimistic.front().loss.spacing;
  const std::vector<double> grown = sums.up.growth(1);
  const Window window = choose_window(sums.up, sums.up.growth(-1), grown, spacing, search);
  const Convolution sum = convolve(sums.pessimistic, sums.optimistic, sums.up.tilt, window.length);
  const auto period = static_cast<std::int64_t>(window.length);
  const auto at = [&](std::size_t i) {
    const std::int64_t place = (window.first + static_cast<std::int64_t>(i)) % period;
    return sum.values[static_cast<std::size_t>(place < 0 ? place + period : place)];
  };
  // Wrapped mass only adds to the window; what may be missing is the mass above it, at most its tilted mass there.
  const double low = static_cast<double>(window.first) * spacing, high = static_cast<double>(window.end()) * spacing;
  const double missing = sums.up.tail(high, 1, grown) * std::exp(sums.up.cumulants.value - sums.up.tilt * high);
  // For the lower bound it is the wrapped mass that must be taken away: all from below, and from above what lands at
  // the pivot or higher.
  const double pivot = static_cast<double>(window.pivot) * spacing;
  const double wrapped =
      sums.down.tail(low, -1, sums.down.growth(-1)) + sums.down.tail(high + pivot, 1, sums.down.growth(1));
  return {crossing(window, spacing, sums.up, sums.delta, sums.infinite + missing, 0,
                   [&](std::size_t i) { return std::max(0.0, at(i).real()) + sum.upper_error; }),
          crossing(window, spacing, sums.down, sums.delta, 0, -wrapped,
                   [&](std::size_t i) { return std::max(0.0, at(i).imag() - sum.lower_error); }),
          window.length};
}

}  // namespace

ComposedBounds compose(const std::vector<RepeatedLoss>& pessimistic, const std::vector<RepeatedLoss>& optimistic,
                       double delta) {
  double infinite = 0, slack = 0;
  for (const RepeatedLoss& part : pessimistic) infinite += static_cast<double>(part.steps) * part.loss.infinite;
  for (const RepeatedLoss& part : optimistic) slack += static_cast<double>(part.steps) * part.loss.slack;
  if (infinite >= delta) return {0, std::numeric_limits<double>::infinity(), 0};

  const double tilt = best_tilt(pessimistic, delta);
  const Sums sums{pessimistic, optimistic, {pessimistic, tilt}, {optimistic, tilt}, delta, infinite};
  Found found = find(sums, {.near_mean = true, .left_out = 18});
  if (!found.upper || !found.lower) found = find(sums, {.near_mean = false, .left_out = 30});
  // What is not found from 0 on is 0.
  return {std::max(0.0, found.lower.value_or(0) - slack), std::max(0.0, found.upper.value_or(0)), found.length};
}

}  // namespace talweg::privacy
