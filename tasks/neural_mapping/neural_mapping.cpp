#include "tasks/neural_mapping/neural_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/neural_mapping/recording.h"
#include "tasks/neural_mapping/room_source.h"

namespace talweg::tasks {
namespace {

models::Box box_of(const MapData& data, const NeuralMappingOptions& o) {
  models::Box box = data.bounds;
  for (std::size_t a = 0; o.bounds && a < 3; ++a) {
    box.low[a] = o.bounds->low[a];
    box.high[a] = o.bounds->high[a];
  }
  return box;
}

models::GridShape shape_of(const GridOptions& o, const models::Box& box) {
  return {o.levels, o.base,
          o.finest.value_or(std::max(o.base, models::finest_resolution(box.longest(), o.voxel.value_or(0.02)))),
          o.log2_entries};
}

/// Rays of the views, every so many of their pixels.
WorldRays some_rays(const std::vector<View>& views, std::int64_t count) {
  std::int64_t pixels = 0;
  for (const View& view : views) pixels += view.camera.width * view.camera.height;
  const std::int64_t stride = std::max<std::int64_t>(1, pixels / count);
  std::vector<at::Tensor> origins, directions, colours, depths;
  for (const View& view : views) {
    const WorldRays rays = view.rays();
    const auto some = [&](const at::Tensor& all) { return all.slice(0, stride / 2, std::nullopt, stride); };
    origins.push_back(some(rays.origins));
    directions.push_back(some(rays.directions));
    colours.push_back(some(rays.colours));
    depths.push_back(some(rays.depths));
  }
  return {at::cat(origins), at::cat(directions), at::cat(colours), at::cat(depths)};
}

}  // namespace

void declare(config::Fields& f, GridOptions& o) {
  f("levels", o.levels, "resolutions L of the hash grid", config::at_least(1), config::at_most(32));
  f("base", o.base, "vertices along an axis of the coarsest level", config::at_least(2), config::at_most(1024));
  f("voxel", o.voxel, "edge of the finest level's cells along the longest side of the box, m (default: 0.02)",
    config::above(0));
  f("finest", o.finest, "vertices along an axis of the finest level, in place of 'voxel'", config::at_least(2));
  f("log2_entries", o.log2_entries, "a level has at most 2^this entries", config::at_least(3), config::at_most(28));
}

void validate(const GridOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.finest && o.voxel)
    diagnostics.error(where.at("finest"), "'voxel' and 'finest' contradict each other; give one of them");
  if (o.finest && *o.finest < o.base)
    diagnostics.error(where.at("finest"), "'finest' is below 'base': levels go from coarse to fine");
}

void declare(config::Fields& f, BoundsOptions& o) {
  f("low", o.low, "lowest corner [x, y, z], m", config::required());
  f("high", o.high, "highest corner [x, y, z], m", config::required());
}

void validate(const BoundsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.low.size() != 3 || o.high.size() != 3)
    diagnostics.error(where.where, "a corner has three coordinates: [x, y, z]");
  else
    for (std::size_t a = 0; a < 3; ++a)
      if (!(o.low[a] < o.high[a])) diagnostics.error(where.at("high"), "'high' is not above 'low' along every axis");
}

void declare(config::Fields& f, MapEvaluationOptions& o) {
  f("rays", o.rays, "pixels of the evaluation's pictures that metrics are of", config::at_least(1));
  f("surface_points", o.surface_points, "places of a known scene at which signs are tested", config::at_least(1));
  f("step", o.step, "distance of the samples by which the first surface along a ray is found, m", config::above(0));
}

void declare(config::Fields& f, NeuralMappingOptions& o) {
  f("data", o.data, "posed pictures with depths");
  f("bounds", o.bounds, "the box that is mapped (default: that of the data)");
  f("grid", o.grid, "the hash grid");
  f("decoder", o.decoder, "the networks that read the grid");
  f("decoder_weights", o.decoder_weights,
    "weights of the decoder from before, which stay as they are (default: it is trained with the map)");
  f("sampling", o.sampling, "where rays are looked at");
  f("loss", o.loss, "parts of the loss, their weights, and the truncation");
  f("smoothness", o.smoothness, "smoothness of the grid's features");
  f("keyframes", o.keyframes, "how frames come in, and rays of a step are drawn from them");
  f("evaluation", o.evaluation, "what the map is measured by");
  f("mesh", o.mesh, "the surface that the run leaves");
}

void validate(const NeuralMappingOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.sampling.range > 10 * o.loss.truncation)
    diagnostics.error(where.at("sampling"),
                      fmt::format("samples up to {} m from a surface are far beyond the truncation of {} m, in which "
                                  "distances are trained; lower 'range' or raise 'loss.truncation'",
                                  o.sampling.range, o.loss.truncation));
}

NeuralMapping::NeuralMapping(const NeuralMappingOptions& options, const TaskContext& context)
    : options_(options), streams_(context.streams), data_(options.data.create(context.streams)) {
  const models::Box box = box_of(data_, options);
  data_.bounds = box;
  rays_ = std::make_unique<RayDataset>(data_.frames);
  require_box_around_depths();
  files_ = data_.files;
  field_ = std::make_shared<models::NeuralField>(shape_of(options.grid, box), options.decoder, box);
  field_->to(context.device, context.dtype);
  if (const auto& weights = options.decoder_weights) {
    if (weights->from)
      io::append(files_, {load_decoder(*field_, *weights)});
    else
      pretrain_decoder(*field_, *weights->pretraining, options.sampling, options.loss, context.streams);
    if (!weights->trained)
      for (at::Tensor& parameter : field_->decoder().parameters()) parameter.set_requires_grad(false);
  }
  if (data_.truth) surface_test_.emplace(*data_.truth, options.evaluation.surface_points, context.streams);
  evaluation_ = as_parameters(some_rays(data_.views, options.evaluation.rays));
}

WorldRays NeuralMapping::as_parameters(const WorldRays& rays) const {
  const auto as = field_->table().options().requires_grad(false);
  return {rays.origins.to(as), rays.directions.to(as), rays.colours.to(as), rays.depths.to(as)};
}

void NeuralMapping::require_box_around_depths() const {
  std::vector<std::int64_t> some;
  const std::int64_t stride = std::max<std::int64_t>(1, rays_->size() / 20000);
  for (std::int64_t i = 0; i < rays_->size(); i += stride) some.push_back(i);
  const WorldRays rays = world_rays(rays_->batch(some, 0));
  const at::Tensor measured = rays.depths > 0;
  const auto count = measured.sum().item<std::int64_t>();
  if (count == 0) throw DataError("task.data: none of the rays has a measured depth");
  const at::Tensor hits = rays.origins + rays.depths.unsqueeze(1) * rays.directions;
  at::Tensor inside = measured;
  for (std::int64_t a = 0; a < 3; ++a) {
    const auto k = static_cast<std::size_t>(a);
    inside = inside.logical_and(
        (hits.select(1, a) >= data_.bounds.low[k]).logical_and(hits.select(1, a) <= data_.bounds.high[k]));
  }
  const double share = static_cast<double>(inside.sum().item<std::int64_t>()) / static_cast<double>(count);
  if (share >= 0.02) return;
  const double median = rays.depths.masked_select(measured).median().item<double>();
  throw DataError(
      fmt::format("task: {:.1f} % of the measured places lie in the box from ({:.2f}, {:.2f}, {:.2f}) to ({:.2f}, "
                  "{:.2f}, {:.2f}) m; half "
                  "of the depths are beyond {:.3g} m. Are the depths in another unit ('depth_scale'), or is the box "
                  "another place's "
                  "('bounds')?",
                  100 * share, data_.bounds.low[0], data_.bounds.low[1], data_.bounds.low[2], data_.bounds.high[0],
                  data_.bounds.high[1], data_.bounds.high[2], median));
}

at::Tensor NeuralMapping::loss(const data::Batch& batch) {
  WorldRays rays = as_parameters(world_rays(batch));
  const at::Tensor there = rays.depths >= 0;
  if (!there.all().item<bool>()) {  // a sampler that knows nothing of rays that are not there
    if (!there.any().item<bool>()) return field_->table().sum() * 0;
    const at::Tensor places = there.nonzero().squeeze(1);
    for (at::Tensor* tensor : {&rays.origins, &rays.directions, &rays.colours, &rays.depths})
      *tensor = tensor->index_select(0, places);
  }
  const at::Tensor loss = ray_loss(*field_, rays, options_.sampling, options_.loss);
  const at::Tensor& frames = batch.tensors[4];
  if (options_.smoothness.weight == 0 || (frames == frames[0]).all().item<bool>()) return loss;
  return loss + options_.smoothness.weight * smoothness(*field_, options_.smoothness);
}

std::unique_ptr<data::Sampler> NeuralMapping::make_sampler(const data::SamplingPlan& plan) {
  return std::make_unique<KeyframeSampler>(options_.keyframes, plan);
}

std::vector<std::string> NeuralMapping::uses_of_data() const {
  return {
      "The order in which rays are drawn follows the frames, and the box may have been read off the measured places: "
      "treat both as known.",
      "Pictures in the report show what was mapped: keep them."};
}

std::string NeuralMapping::announcement() const {
  std::int64_t grid = field_->table().numel(), all = 0;
  for (const at::Tensor& parameter : field_->parameters()) all += parameter.numel();
  return fmt::format("{} frames with {} rays each; a grid of {} numbers, a decoder of {}{}", data_.frames.frames(),
                     data_.frames.rays(), grid, all - grid,
                     options_.decoder_weights && !options_.decoder_weights->trained ? " that stays as it is" : "");
}

void register_neural_mapping() {
  static const bool once = [] {
    register_map_sources();
    config::Registry<TaskKind>::instance().add<NeuralMapping, NeuralMappingOptions>(
        "neural_mapping", "a map of signed distances and colours from posed pictures with depths",
        "Zhao, Ivanovic and Mehr 2025 (arXiv 2502.19592)");
    return true;
  }();
  (void)once;
}

void register_map_sources() {
  static const bool once = [] {
    auto& sources = config::Registry<MapSourceKind>::instance();
    sources.add<RoomOptions>("analytic_room", "a room of boxes and spheres that cameras walk through", "ours",
                             make_room);
    register_recordings();
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
