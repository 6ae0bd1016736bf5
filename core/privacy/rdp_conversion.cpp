#include "core/privacy/rdp_conversion.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace talweg::privacy {

double epsilon_at_order(double rdp, double order, double delta) {
  return std::max(0.0, rdp + std::log1p(-1 / order) - std::log(delta * order) / (order - 1));
}

double classic_epsilon_at_order(double rdp, double order, double delta) {
  return rdp - std::log(delta) / (order - 1);
}

const std::vector<double>& standard_orders() {
  static const std::vector<double> orders = [] {
    std::vector<double> list = {1.01, 1.02, 1.05};
    for (int tenth = 1; tenth <= 99; ++tenth) list.push_back(1 + tenth / 10.0);
    for (int order = 11; order <= 63; ++order) list.push_back(order);
    for (const int order : {128, 256, 512, 1024}) list.push_back(order);
    return list;
  }();
  return orders;
}

BestOrder best_epsilon(const RdpCurve& rdp, double delta, const std::vector<double>& orders,
                       double (*convert)(double rdp, double order, double delta)) {
  const auto value = [&](std::size_t i) {
    const double divergence = rdp(orders[i]);
    return std::isfinite(divergence) ? convert(divergence, orders[i], delta) : std::numeric_limits<double>::infinity();
  };
  // The first order whose successor is no better; infinite values lie to the right of the best one.
  std::size_t low = 0, high = orders.size() - 1;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const double here = value(middle), next = value(middle + 1);
    (here <= next ? high : low) = here <= next ? middle : middle + 1;
  }
  return {value(low), orders[low], low == 0 || low + 1 == orders.size()};
}

BestOrder epsilon_of_linear_rdp(double rho, double delta) {
  if (rho == 0) return {0, 1, false};
  if (std::isinf(rho)) return {rho, 1, false};
  const auto value = [&](double log_shift) {
    const double order = 1 + std::exp(log_shift);
    return epsilon_at_order(rho * order, order, delta);
  };
  // Golden-section search in ln(α − 1), in which the value stays quasiconvex.
  constexpr double golden = 0.6180339887498949;
  double low = std::log(1e-9), high = std::log(1e9);
  while (high - low > 1e-9) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    (value(left) <= value(right) ? high : low) = value(left) <= value(right) ? right : left;
  }
  const double middle = (low + high) / 2;
  return {value(middle), 1 + std::exp(middle), false};
}

}  // namespace talweg::privacy
