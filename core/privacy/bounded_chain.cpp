#include "core/privacy/bounded_chain.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace talweg::privacy {

BoundedChain::BoundedChain(const Setting& s, int cells)
    : size_(static_cast<std::size_t>(cells) + 2), law_(size_, 0.0), next_(size_), transition_(size_ * size_) {
  law_[size_ / 2] = 1;  // an odd number of cells has 0 in the middle of one
  const double width = 2 * s.radius / cells, deviation = s.learning_rate * s.noise;
  const auto place = [&](std::size_t i) {
    if (i == 0) return -s.radius;
    return i + 1 == size_ ? s.radius : -s.radius + (static_cast<double>(i) - 0.5) * width;
  };
  for (std::size_t i = 0; i < size_; ++i) {
    const double others = std::clamp(-s.smoothness * place(i), -s.clip_norm, s.clip_norm);
    const double gradient = (s.examples - 1) / s.examples * others + s.clip_norm / s.examples;
    const double mean = place(i) - s.learning_rate * gradient;
    // Mass right of an edge, so that far cells keep their digits on either side of the mean.
    const auto between = [&](double a, double b) {
      const double x = (a - mean) / (deviation * std::numbers::sqrt2),
                   y = (b - mean) / (deviation * std::numbers::sqrt2);
      return x > 0 ? (std::erfc(x) - std::erfc(y)) / 2 : (std::erfc(-y) - std::erfc(-x)) / 2;
    };
    for (std::size_t j = 0; j < size_; ++j) {
      const double left = j == 0 ? -INFINITY : -s.radius + static_cast<double>(j - 1) * width;
      const double right = j + 1 == size_ ? INFINITY : j == 0 ? -s.radius : left + width;
      transition_[i * size_ + j] = between(left, right);
    }
  }
}

void BoundedChain::step() {
  std::fill(next_.begin(), next_.end(), 0.0);
  for (std::size_t i = 0; i < size_; ++i) {
    const double mass = law_[i];
    if (mass == 0) continue;
    const double* row = &transition_[i * size_];
    for (std::size_t j = 0; j < size_; ++j) next_[j] += mass * row[j];
  }
  law_.swap(next_);
}

void BoundedChain::set_law(std::vector<double> law) {
  if (law.size() != size_) throw std::invalid_argument("a law of another number of cells");
  law_ = std::move(law);
}

double BoundedChain::divergence(double order) const {
  double sum = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const double p = law_[i], q = law_[size_ - 1 - i];
    if (p > 0 && q > 0) sum += std::exp(order * std::log(p) + (1 - order) * std::log(q));
  }
  return std::log(sum) / (order - 1);
}

}  // namespace talweg::privacy
