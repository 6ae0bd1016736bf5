#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

namespace talweg::privacy {

/// The discrete Fourier transform of one length, any, fast for 2^a·3^b·5^c. In place, without scaling in either
/// direction.
class FourierTransform {
 public:
  explicit FourierTransform(std::size_t length);
  ~FourierTransform();

  /// Σ_j x_j e^{−2πijk/n}
  void forward(std::vector<std::complex<double>>& values);
  /// Σ_k x_k e^{+2πijk/n}
  void inverse(std::vector<std::complex<double>>& values);

  std::size_t length() const { return output_.size(); }
  /// Bound on the error of one output, relative to Σ|input|: every output is a sum of the inputs with weights of
  /// modulus one, computed in log₂(n) layers.
  double rounding() const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
  std::vector<std::complex<double>> output_;
};

/// The smallest 2^k or 3·2^k of at least `length`.
std::size_t fast_length(std::size_t length);

}  // namespace talweg::privacy
