#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/gradient/clipping.h"
#include "core/gradient/layer_taps.h"
#include "core/gradient/parameter_gradients.h"

namespace talweg::gradient {

/// How per-example gradients are computed. All return the same numbers.
enum class Backend {
  ghost,        ///< book-keeping in one backward pass: gradients of examples are formed only where that is cheaper
  materialise,  ///< one backward pass, every gradient of every example is formed: memory batch × parameters
  loop,         ///< a forward and a backward pass per example: the reference, and for models without taps
};
std::vector<std::pair<std::string, Backend>> choices(Backend);

/// Σ_i s_i ∇ℓ_i over the examples of a batch with factors s_i from the norms ‖∇ℓ_i‖.
///
/// `ghost` and `materialise` make one backward pass over the sum of the losses that stops at the layers: it computes
/// the gradients of activations only, and what the layers multiplied by is read from the graph (layer_taps.h). That
/// presumes that the examples are the rows of every layer's input and do not mix. The presumption is not trusted: on
/// the first examples it sees, every parameter's norms are compared with the gradients of single losses by ordinary
/// differentiation; a parameter that disagrees, or is used by an operation without a rule, is computed one example at a
/// time from then on. A gradient that is negligible in this comparison (a layer that starts at zero) is compared again
/// at steps 2, 4, 8, ….
class PerExampleGradients {
 public:
  /// Losses of the examples [begin, begin + length) of a frozen batch, [length], with their graph.
  using ExampleLosses = std::function<at::Tensor(std::int64_t begin, std::int64_t length)>;

  explicit PerExampleGradients(ParameterList parameters);

  struct Answer {
    at::Tensor losses;  ///< [length], detached
    at::Tensor norms;   ///< ‖∇ℓ_i‖ before the scaling, [length]
  };
  /// Adds Σ s_i ∇ℓ_i over the examples [begin, begin + length) to `sums`, one tensor per parameter; undefined ones are
  /// made when there is something to add. Where what has to be kept until the norms are known would be large, the
  /// examples are taken in several parts, whose number follows from shapes alone.
  Answer add_clipped(const ExampleLosses& losses, std::int64_t begin, std::int64_t length, const Clipping& clipping,
                     Backend backend, std::vector<at::Tensor>& sums);

  /// Names of the parameters that turned out to need one pass per example, in order.
  std::vector<std::string> looped() const;

 private:
  enum class Trust { unknown, negligible, proven, refuted };

  Answer add_part(const ExampleLosses& losses, std::int64_t begin, std::int64_t length, const Clipping& clipping,
                  Backend backend, std::vector<at::Tensor>& sums);
  std::vector<bool> record_all(const at::Tensor& losses, Backend backend, bool keep_graph);
  void verify(const ExampleLosses& losses, std::int64_t begin, std::int64_t length);
  void loop_over(const ExampleLosses& losses, std::int64_t begin, std::int64_t length,
                 const std::vector<std::size_t>& which);
  Answer add_one_at_a_time(const ExampleLosses& losses, std::int64_t begin, std::int64_t length,
                           const Clipping& clipping, std::vector<at::Tensor>& sums);
  at::Tensor squared_norms(std::int64_t length);

  ParameterList parameters_;
  std::vector<at::Tensor> tensors_;
  std::vector<Trust> trust_;
  std::vector<ParameterGradients> gradients_;
  std::int64_t calls_ = 0, next_check_ = 1;
  std::int64_t bytes_of_example_ = 0;  // kept until the norms are known; 0 while it is not known
};

}  // namespace talweg::gradient
