#include "models/neural_field/neural_field.h"

#include <algorithm>

#include "core/libtorch.h"
#include "models/neural_field/hash_grid.h"
#include "models/neural_field/one_blob.h"

namespace talweg::models {
namespace {

torch::nn::Linear without_bias(std::int64_t in, std::int64_t out) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(false));
}

}  // namespace

double Box::longest() const {
  double longest = 0;
  for (std::size_t a = 0; a < 3; ++a) longest = std::max(longest, high[a] - low[a]);
  return longest;
}

FieldDecoder::FieldDecoder(const DecoderShape& shape, std::int64_t grid_features) : shape_(shape) {
  const std::int64_t blob = 3 * shape.bins, geometry = shape.colour ? shape.geometry : 0;
  geometry_in_ = register_module("geometry_in", without_bias(grid_features + blob, shape.hidden));
  geometry_out_ = register_module("geometry_out", without_bias(shape.hidden, 1 + geometry));
  if (!shape.colour) return;
  colour_in_ = register_module("colour_in", without_bias(blob + geometry, shape.hidden));
  colour_out_ = register_module("colour_out", without_bias(shape.hidden, 3));
}

at::Tensor FieldDecoder::geometry(const at::Tensor& features, const at::Tensor& blob) {
  const at::Tensor in = blob.defined() ? at::cat({features, blob}, 1) : features;
  return geometry_out_->forward(at::relu(geometry_in_->forward(in)));
}

at::Tensor FieldDecoder::colour(const at::Tensor& blob, const at::Tensor& geometry) {
  const at::Tensor in = blob.defined() ? at::cat({blob, geometry}, 1) : geometry;
  return at::sigmoid(colour_out_->forward(at::relu(colour_in_->forward(in))));
}

NeuralField::NeuralField(const GridShape& grid, const DecoderShape& decoder, const Box& box)
    : layout_(grid), box_(box) {
  const at::Tensor low = at::tensor({box.low[0], box.low[1], box.low[2]}, at::kDouble),
                   high = at::tensor({box.high[0], box.high[1], box.high[2]}, at::kDouble);
  low_ = low;
  extent_ = high - low;
  table_ = register_parameter("grid", at::empty({layout_.entries(), kGridFeatures}).uniform_(-1e-4, 1e-4));
  decoder_ = register_module("decoder", std::make_shared<FieldDecoder>(decoder, layout_.features()));
}

at::Tensor NeuralField::normalised(const at::Tensor& points) const {
  const at::TensorOptions as = points.options().requires_grad(false);
  return (points - low_.to(as)) / extent_.to(as);
}

at::Tensor NeuralField::grid_features(const at::Tensor& points) {
  return hash_encode(table_, normalised(points), layout_);
}

FieldValues NeuralField::values(const at::Tensor& points) {
  const at::Tensor x = normalised(points);
  const std::int64_t bins = decoder_->shape().bins;
  const at::Tensor blob = bins > 0 ? one_blob(x, bins) : at::Tensor();
  const at::Tensor geometry = decoder_->geometry(hash_encode(table_, x, layout_), blob);
  FieldValues values{geometry.select(1, 0), {}};
  if (has_colour()) values.colour = decoder_->colour(blob, geometry.narrow(1, 1, geometry.size(1) - 1));
  return values;
}

at::Tensor NeuralField::distances(const at::Tensor& points) {
  const at::Tensor x = normalised(points);
  const std::int64_t bins = decoder_->shape().bins;
  return decoder_->geometry(hash_encode(table_, x, layout_), bins > 0 ? one_blob(x, bins) : at::Tensor()).select(1, 0);
}

}  // namespace talweg::models
