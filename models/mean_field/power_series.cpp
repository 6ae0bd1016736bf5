#include "models/mean_field/power_series.h"

#include <utility>

namespace talweg::mean_field {

PowerSeries::PowerSeries(std::vector<double> coefficients) : coefficients_(std::move(coefficients)) {
  while (coefficients_.size() > 1 && coefficients_.back() == 0) coefficients_.pop_back();
  if (coefficients_.empty()) coefficients_.push_back(0);
}

Jet<double> PowerSeries::at(double q) const {
  Jet<double> jet;
  evaluate(coefficients_.data(), coefficients_.size(), q, jet);
  return jet;
}

PowerSeries PowerSeries::without_linear_term() const {
  std::vector<double> rest = coefficients_;
  if (rest.size() > 1) rest[1] = 0;
  return PowerSeries(std::move(rest));
}

}  // namespace talweg::mean_field
