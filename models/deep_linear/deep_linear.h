#pragma once

#include <optional>

#include "models/tensor_model.h"

namespace talweg::models {

/// How the layers of a deep linear network begin: balanced, every layer α times a factor; unbalanced, the same with the
/// leftmost layer W_L zero; gaussian, independent entries of deviation α.
enum class DeepLinearInitialization { balanced, unbalanced, gaussian };
inline std::vector<std::pair<std::string, DeepLinearInitialization>> choices(DeepLinearInitialization) {
  return {{"balanced", DeepLinearInitialization::balanced},
          {"unbalanced", DeepLinearInitialization::unbalanced},
          {"gaussian", DeepLinearInitialization::gaussian}};
}

/// The factor that a layer begins with: the identity (for rectangular layers its leading columns or rows), or a matrix
/// with random orthonormal columns or rows.
enum class LayerFactor { identity, orthogonal };
inline std::vector<std::pair<std::string, LayerFactor>> choices(LayerFactor) {
  return {{"identity", LayerFactor::identity}, {"orthogonal", LayerFactor::orthogonal}};
}

struct DeepLinearOptions {
  std::int64_t depth = 3;
  std::optional<std::int64_t> width;
  DeepLinearInitialization initialization = DeepLinearInitialization::unbalanced;
  LayerFactor factor = LayerFactor::identity;
  double scale = 0.1;
  std::vector<double> scales;
};
void declare(config::Fields& f, DeepLinearOptions& o);
void validate(const DeepLinearOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Linear network without biases: x ↦ W_L⋯W_2W_1x. Hidden layers are as wide as `width`, by default as the larger of
/// input and output, so that the product can be any matrix.
class DeepLinear : public TensorModel {
 public:
  DeepLinear(const DeepLinearOptions& options, const TensorModelShape& shape);
  at::Tensor forward(const at::Tensor& input) override;
  /// Linear in the only layer; of more layers the output is a product.
  bool is_linear() const override { return layer_count_ == 1; }

  /// W_1, …, W_L: [out, in] each.
  std::vector<at::Tensor> layers() const { return parameters(); }
  /// W_L⋯W_1 [outputs, features], by plain multiplication.
  at::Tensor end_to_end() const;

 private:
  std::size_t layer_count_;
};

}  // namespace talweg::models
