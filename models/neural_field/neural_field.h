#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <memory>

#include "core/config/fields.h"
#include "models/neural_field/grid_layout.h"

namespace talweg::models {

/// An axis-parallel box in metres.
struct Box {
  std::array<double, 3> low{0, 0, 0}, high{1, 1, 1};
  double longest() const;
};

/// What a neural field computes with, beside its grid.
struct DecoderShape {
  std::int64_t bins = 16;      ///< of the one-blob encoding of each coordinate
  std::int64_t hidden = 32;    ///< width of the hidden layers
  std::int64_t geometry = 15;  ///< numbers that the colour network is given beside the one-blob encoding
  bool colour = true;          ///< whether there is a colour network
};
void declare(config::Fields& f, DecoderShape& o);

/// Two networks without biases that turn features of a point into a signed distance and a colour. Source: RAMEN §3.1.
class FieldDecoder : public torch::nn::Module {
 public:
  FieldDecoder(const DecoderShape& shape, std::int64_t grid_features);

  /// [features ‖ one-blob of the places in [0, 1]³] → hidden → (s, geometry): [P, 1 + geometry].
  at::Tensor geometry(const at::Tensor& features, const at::Tensor& places);
  /// [one-blob ‖ geometry] → hidden → red, green, blue in (0, 1): [P, 3].
  at::Tensor colour(const at::Tensor& places, const at::Tensor& geometry);
  const DecoderShape& shape() const { return shape_; }

 private:
  DecoderShape shape_;
  torch::nn::Linear geometry_in_{nullptr}, geometry_out_{nullptr}, colour_in_{nullptr}, colour_out_{nullptr};
};

/// What a field says of points.
struct FieldValues {
  at::Tensor distance;  ///< signed distance in units of the truncation, positive in free space: [P]
  at::Tensor colour;    ///< [P, 3] in (0, 1); undefined where it was not asked for, or there is none
};

/// A signed distance and a colour for every point of a box: a hash grid, a one-blob encoding, small networks. The grid
/// starts uniform in ±1e-4. Points outside the box have the grid's features of its border. Source: Wang et al. 2023
/// (Co-SLAM), as RAMEN §3.1 uses it.
class NeuralField : public torch::nn::Module {
 public:
  NeuralField(const GridShape& grid, const DecoderShape& decoder, const Box& box);

  /// Of points [P, 3] in metres.
  FieldValues values(const at::Tensor& points);
  /// The signed distances alone.
  at::Tensor distances(const at::Tensor& points);
  /// Features of the grid alone, [P, 2·levels], by which smoothness is measured.
  at::Tensor grid_features(const at::Tensor& points);

  const GridLayout& layout() const { return layout_; }
  const Box& box() const { return box_; }
  const at::Tensor& table() const { return table_; }
  FieldDecoder& decoder() { return *decoder_; }
  bool has_colour() const { return decoder_->shape().colour; }

 private:
  /// Points in the units of the box.
  at::Tensor normalised(const at::Tensor& points) const;

  GridLayout layout_;
  Box box_;
  at::Tensor low_, extent_;
  at::Tensor table_;
  std::shared_ptr<FieldDecoder> decoder_;
};

}  // namespace talweg::models
