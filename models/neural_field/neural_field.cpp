#include "models/neural_field/neural_field.h"

#include <algorithm>

#include "core/libtorch.h"
#include "models/neural_field/decoder_network.h"
#include "models/neural_field/hash_grid.h"

namespace talweg::models {
namespace {

torch::nn::Linear without_bias(std::int64_t in, std::int64_t out) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(false));
}

}  // namespace

void declare(config::Fields& f, DecoderShape& o) {
  f("bins", o.bins, "bins of the one-blob encoding of each coordinate", config::at_least(3), config::at_most(256));
  f("hidden", o.hidden, "width of the hidden layer of both networks", config::at_least(1), config::at_most(1024));
  f("geometry", o.geometry, "numbers that the colour network is given beside the one-blob encoding",
    config::at_least(1), config::at_most(256));
  f("colour", o.colour, "whether colours are mapped");
}

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

at::Tensor FieldDecoder::geometry(const at::Tensor& features, const at::Tensor& places) {
  return decoder_network(features, places, geometry_in_->weight, geometry_out_->weight, shape_.bins,
                         DecoderInputs::features_then_blob);
}

at::Tensor FieldDecoder::colour(const at::Tensor& places, const at::Tensor& geometry) {
  return at::sigmoid(decoder_network(geometry, places, colour_in_->weight, colour_out_->weight, shape_.bins,
                                     DecoderInputs::blob_then_features));
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
  const at::Tensor geometry = decoder_->geometry(hash_encode(table_, x, layout_), x);
  FieldValues values{geometry.select(1, 0), {}};
  if (has_colour()) values.colour = decoder_->colour(x, geometry.narrow(1, 1, geometry.size(1) - 1));
  return values;
}

at::Tensor NeuralField::distances(const at::Tensor& points) {
  const at::Tensor x = normalised(points);
  return decoder_->geometry(hash_encode(table_, x, layout_), x).select(1, 0);
}

}  // namespace talweg::models
