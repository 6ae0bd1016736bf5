#pragma once

#include <optional>
#include <string>

#include "core/config/component.h"
#include "models/neural_field/neural_field.h"
#include "models/neural_field/ray_samples.h"
#include "models/neural_field/rendering.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// Training of a decoder on another scene before the run begins.
struct DecoderPretrainingOptions {
  config::Component<MapSourceKind> data{"analytic_room",
                                        {{"room", "decoder"}, {"trajectories", "3"}, {"frames", "20"}}};
  std::int64_t steps = 600, rays = 128;
  double learning_rate = 0.01;
};
void declare(config::Fields& f, DecoderPretrainingOptions& o);

/// Where the decoder's weights come from, when they are not trained with the map from the start. Averages of parameters
/// make sense only while everybody reads the grid with the same decoder, which is therefore kept as it is.
struct DecoderWeightsOptions {
  std::optional<std::string> from;  ///< folder of a run of this task, or of one of its checkpoints
  std::optional<DecoderPretrainingOptions> pretraining;
  bool trained = false;
  config::Location from_place{};  ///< where 'from' was written, for messages
};
void declare(config::Fields& f, DecoderWeightsOptions& o);
void validate(DecoderWeightsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Copies the decoder of a saved map into the field, and names the file. Throws DataError when there is none, or when
/// it is of another shape.
io::FileFingerprint load_decoder(models::NeuralField& field, const DecoderWeightsOptions& options);

/// Trains the field's decoder with a grid of its own on other data: the objective without colour's and smoothness' part
/// where there is no colour, Adam, rays at random from all frames.
void pretrain_decoder(models::NeuralField& field, const DecoderPretrainingOptions& options,
                      const models::SamplingOptions& sampling, const models::MappingLossOptions& loss,
                      const RandomStreams& streams);

}  // namespace talweg::tasks
