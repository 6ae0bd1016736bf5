#include "core/privacy/loss_distribution/fourier.h"

#include <algorithm>
#include <cmath>
#include <kissfft/kissfft.hh>
#include <limits>

namespace talweg::privacy {

struct FourierTransform::Plan {
  kissfft<double> transform;
};

FourierTransform::FourierTransform(std::size_t length)
    : plan_(std::make_unique<Plan>(Plan{kissfft<double>(length, false)})), output_(length) {}

FourierTransform::~FourierTransform() = default;

void FourierTransform::forward(std::vector<std::complex<double>>& values) {
  plan_->transform.transform(values.data(), output_.data());
  values.swap(output_);
}

void FourierTransform::inverse(std::vector<std::complex<double>>& values) {
  // The twiddle factors of the other direction are the same ones read backwards.
  forward(values);
  std::reverse(values.begin() + 1, values.end());
}

double FourierTransform::rounding() const {
  // A radix-4 butterfly: a twiddle factor to 2 units in the last place, one complex product, two additions.
  return 8 * std::numeric_limits<double>::epsilon() * std::log2(static_cast<double>(length()) + 1);
}

std::size_t fast_length(std::size_t length) {
  std::size_t power = 1;
  while (power < length) power *= 2;
  return power / 4 * 3 >= length ? power / 4 * 3 : power;
}

}  // namespace talweg::privacy
