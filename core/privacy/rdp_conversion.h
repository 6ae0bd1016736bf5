#pragma once

#include <functional>
#include <vector>

namespace talweg::privacy {

/// A Rényi curve: ε(α) for α > 1.
using RdpCurve = std::function<double(double order)>;

/// ε(α) + ln(1 − 1/α) − ln(δα)/(α − 1), at least 0: what (α, ε(α))-RDP says about (ε, δ). Source: Canonne, Kamath and
/// Steinke 2020, proposition 12; Balle et al. 2020.
double epsilon_at_order(double rdp, double order, double delta);

/// The older and weaker ε(α) + ln(1/δ)/(α − 1). Source: Mironov 2017, proposition 3.
double classic_epsilon_at_order(double rdp, double order, double delta);

/// ε and the order that gives it.
struct BestOrder {
  double epsilon = 0;
  double order = 0;
  bool at_end = false;  ///< the best order is the first or last one that was tried: others may be better
};

/// The orders in common use: 1.1, 1.2 … 10.9 and the integers to 63 (Opacus), 128, 256, 512, 1024
/// (dp-accounting), and 1.01, 1.02, 1.05 for large ε.
const std::vector<double>& standard_orders();

/// The smallest value of `convert` over the orders. For a true Rényi curve (α − 1)·convert is convex in α, hence
/// convert is quasiconvex and the search bisects: about a dozen orders are evaluated.
BestOrder best_epsilon(const RdpCurve& rdp, double delta, const std::vector<double>& orders,
                       double (*convert)(double rdp, double order, double delta) = epsilon_at_order);

/// The smallest ε for the curve ε(α) = ρα over real orders. Source: ρ-zCDP of Bun and Steinke 2016 with the conversion
/// above.
BestOrder epsilon_of_linear_rdp(double rho, double delta);

}  // namespace talweg::privacy
