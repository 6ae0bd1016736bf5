#pragma once

#include <filesystem>
#include <optional>

#include "core/task/capabilities.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "tasks/neural_mapping/decoder_weights.h"
#include "tasks/neural_mapping/keyframe_sampler.h"
#include "tasks/neural_mapping/map_mesh.h"
#include "tasks/neural_mapping/map_objective.h"
#include "tasks/neural_mapping/surface_test.h"

namespace talweg::tasks {

/// The hash grid as a configuration gives it.
struct GridOptions {
  std::int64_t levels = 16, base = 16, log2_entries = 16;
  std::optional<double> voxel;         ///< of the finest level, m; 2 cm where neither is given
  std::optional<std::int64_t> finest;  ///< its vertices along the longest side, in place of `voxel`
};
void declare(config::Fields& f, GridOptions& o);
void validate(const GridOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The mapped box in place of that of the data, m.
struct BoundsOptions {
  std::vector<double> low, high;
};
void declare(config::Fields& f, BoundsOptions& o);
void validate(const BoundsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

struct MapEvaluationOptions {
  std::int64_t rays = 4096;
  std::int64_t surface_points = 6000;
  double step = 0.05;  ///< m
};
void declare(config::Fields& f, MapEvaluationOptions& o);

struct NeuralMappingOptions {
  config::Component<MapSourceKind> data{"analytic_room"};
  std::optional<BoundsOptions> bounds;
  GridOptions grid;
  models::DecoderShape decoder;
  std::optional<DecoderWeightsOptions> decoder_weights;
  models::SamplingOptions sampling;
  models::MappingLossOptions loss;
  SmoothnessOptions smoothness;
  KeyframeOptions keyframes;
  MapEvaluationOptions evaluation;
  MapMeshOptions mesh;
};
void declare(config::Fields& f, NeuralMappingOptions& o);
void validate(const NeuralMappingOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A neural implicit map from posed pictures with depths: a signed distance and a colour for every place of a box. An
/// example is a ray; a batch is drawn from the frames that have come in by then. Source: Zhao, Ivanovic and Mehr 2025
/// (RAMEN, arXiv 2502.19592) §3.1–3.2 after Wang et al. 2023 (Co-SLAM); evaluation without known depths and the rooms
/// are ours.
class NeuralMapping : public Task, public KeepsFiles, public OwnSampler, public ReadsFiles, public StatesAnswer {
 public:
  NeuralMapping(const NeuralMappingOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *field_; }
  const data::Dataset& training_data() const override { return *rays_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  /// Smoothness has no part while a batch is of one frame alone.
  at::Tensor loss(const data::Batch& batch) override;
  /// "filled_free_space" and "sign_score" of a known scene (surface_test.h); of a surface that is made at every
  /// evaluation compare_meshes(); "unseen_share" of the evaluation's rays along which the map has no surface;
  /// "colour_error", mean of the absolute differences in [0, 1]; "depth_error", mean of the absolute differences, m, of
  /// rays along which the map has a surface; "loss" of the evaluation's rays.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;
  std::vector<std::string> uses_of_data() const override;
  std::string announcement() const override;
  std::unique_ptr<data::Sampler> make_sampler(const data::SamplingPlan& plan) override;
  void keep_in(const std::filesystem::path& folder) override { folder_ = folder; }
  /// The surface of the map as it stands: sizes, distances from the reference, and the files that are written to the
  /// run's folder, mesh.ply, mesh.obj and mesh.html.
  nlohmann::json answer() const override;

  models::NeuralField& field() { return *field_; }
  const MapData& data() const { return data_; }

 private:
  WorldRays as_parameters(const WorldRays& rays) const;
  void require_box_around_depths() const;
  const SeenSpace& seen() const;
  const std::optional<geometry::Mesh>& reference() const;

  NeuralMappingOptions options_;
  RandomStreams streams_;
  MapData data_;
  std::unique_ptr<RayDataset> rays_;
  std::shared_ptr<models::NeuralField> field_;
  io::FileFingerprints files_;
  std::optional<SurfaceTest> surface_test_;
  WorldRays evaluation_;  // in the type of the parameters
  std::filesystem::path folder_;
  bool evaluated_ = false;
  // Made when first needed.
  mutable std::unique_ptr<SeenSpace> seen_;
  mutable std::optional<std::optional<geometry::Mesh>> reference_;
};

/// Registers the task and its sources.
void register_neural_mapping();

}  // namespace talweg::tasks
