#include "tasks/neural_mapping/decoder_weights.h"

#include <fmt/format.h>
#include <torch/optim/adam.h>

#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/neural_mapping/map_objective.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDecoder = "decoder.";

/// The folder of the newest state of a run, or the folder itself.
fs::path checkpoint_at(const fs::path& path) {
  if (!fs::is_directory(path / "checkpoints")) return path;
  const std::vector<fs::path> states = checkpoint::CheckpointFolder(path / "checkpoints", "step").list();
  if (states.empty()) throw DataError(fmt::format("the run '{}' has saved no state yet", path.string()));
  return states.back();
}

}  // namespace

void declare(config::Fields& f, DecoderPretrainingOptions& o) {
  f("data", o.data, "the scene on which the decoder is trained");
  f("steps", o.steps, "steps of Adam", config::at_least(1));
  f("rays", o.rays, "rays of a step", config::at_least(1));
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
}

void declare(config::Fields& f, DecoderWeightsOptions& o) {
  f("from", o.from, "folder of a run of this task, or of one of its checkpoints, whose decoder is taken");
  f("pretraining", o.pretraining, "train it on another scene before the run begins");
  f("trained", o.trained, "whether the decoder is trained further with the map");
}

void validate(DecoderWeightsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.from.has_value() == o.pretraining.has_value())
    diagnostics.error(where.where,
                      "the decoder's weights come either 'from' a run or by 'pretraining'; give one of both");
  o.from_place = where.at("from");
}

io::FileFingerprint load_decoder(models::NeuralField& field, const DecoderWeightsOptions& options) {
  const torch::NoGradGuard no_grad;
  if (!fs::is_directory(*options.from))
    config::fail(options.from_place, fmt::format("there is no folder '{}'; train a decoder first, for example with "
                                                 "configs/mapping/decoder.yaml, and name its run",
                                                 *options.from));
  const fs::path path = checkpoint_at(*options.from);
  const checkpoint::Checkpoint saved = checkpoint::CheckpointFolder::load(path);
  const auto model = saved.tensors.find("model");
  if (model == saved.tensors.end()) throw DataError(fmt::format("'{}' holds no model", path.string()));
  for (const auto& item : field.named_parameters()) {
    if (!item.key().starts_with(kDecoder)) continue;
    const auto found = std::find_if(model->second.begin(), model->second.end(),
                                    [&](const auto& tensor) { return tensor.first == item.key(); });
    if (found == model->second.end())
      throw DataError(fmt::format("'{}' holds no decoder: '{}' is missing", path.string(), item.key()));
    if (found->second.sizes() != item.value().sizes())
      throw DataError(fmt::format(
          "the decoder in '{}' is of another shape: '{}' is {} there and {} here; give both runs "
          "the same 'grid.levels' and 'decoder'",
          path.string(), item.key(), fmt::join(found->second.sizes(), " × "), fmt::join(item.value().sizes(), " × ")));
    item.value().copy_(found->second);
  }
  return io::fingerprint_of(path / "model.safetensors");
}

void pretrain_decoder(models::NeuralField& field, const DecoderPretrainingOptions& o,
                      const models::SamplingOptions& sampling, const models::MappingLossOptions& loss,
                      const RandomStreams& streams) {
  const at::AutoGradMode with_gradient(true);
  const RandomStreams own(streams.seed_of("decoder"));
  const MapData data = o.data.create(own);
  const RayDataset rays(data.frames);
  std::vector<std::int64_t> there;
  for (std::int64_t i = 0; i < rays.size(); ++i)
    if (data.frames.depths.const_data_ptr<float>()[i] >= 0) there.push_back(i);
  torch::manual_seed(own.seed_of("initialisation"));
  models::NeuralField with_grid(field.layout().shape(), field.decoder().shape(), data.bounds);
  const at::TensorOptions as = field.table().options();
  with_grid.to(as.device(), field.table().scalar_type());
  std::vector<at::Tensor> decoder;
  for (const auto& item : with_grid.decoder().named_parameters()) decoder.push_back(item.value());
  using torch::optim::AdamOptions;
  const AdamOptions settings = AdamOptions(o.learning_rate).betas({0.9, 0.99});
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{with_grid.table()},
                      std::make_unique<AdamOptions>(AdamOptions(settings).eps(1e-15)));
  groups.emplace_back(decoder, std::make_unique<AdamOptions>(settings));
  torch::optim::Adam adam(groups, settings);
  RandomGenerator random = own.generator("rays");
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(o.rays));
  for (std::int64_t step = 0; step < o.steps; ++step) {
    for (std::int64_t& i : chosen) i = there[static_cast<std::size_t>(random.below(there.size()))];
    WorldRays some = world_rays(rays.batch(chosen, step));
    for (at::Tensor* tensor : {&some.origins, &some.directions, &some.colours, &some.depths})
      *tensor = tensor->to(as.device(), field.table().scalar_type());
    adam.zero_grad();
    ray_loss(with_grid, some, sampling, loss).backward();
    adam.step();
  }
  const torch::NoGradGuard no_grad;
  for (const auto& item : field.decoder().named_parameters())
    item.value().copy_(with_grid.decoder().named_parameters()[item.key()]);
}

}  // namespace talweg::tasks
