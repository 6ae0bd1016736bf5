// The part of NeuralMapping that tells of the map: metrics, pictures, the surface.
#include <fmt/format.h>

#include <cmath>

#include "core/geometry/mesh_files.h"
#include "core/libtorch.h"
#include "core/metrics/report_section.h"
#include "core/task/curve_group.h"
#include "tasks/neural_mapping/field_views.h"
#include "tasks/neural_mapping/map_pictures.h"
#include "tasks/neural_mapping/neural_mapping.h"

namespace talweg::tasks {
namespace {

/// Pictures that are compared in the report.
constexpr std::size_t kShownViews = 3;

/// The mean over the chosen entries; NaN where none is chosen.
double mean_of(const at::Tensor& values, const at::Tensor& chosen) {
  return values.masked_select(chosen).to(at::kDouble).mean().item<double>();
}

}  // namespace

Metrics NeuralMapping::evaluate() {
  const torch::NoGradGuard no_grad;
  evaluated_ = true;
  Metrics metrics;
  const auto append = [&metrics](const Metrics& more) { metrics.insert(metrics.end(), more.begin(), more.end()); };
  if (surface_test_) append(surface_test_->measure(*field_, data_.trajectories));
  if (options_.mesh.every_evaluation && reference())
    append(compare_meshes(mesh_of(*field_, seen(), options_.mesh), *reference(), options_.mesh,
                          RandomStreams(streams_.seed_of("mesh"))));
  const SeenRays rays =
      look_along(*field_, evaluation_, options_.sampling, options_.loss.truncation, options_.evaluation.step);
  const at::Tensor measured = evaluation_.depths > 0, found = measured.logical_and(rays.depth > 0);
  const auto share = [](const at::Tensor& mask) { return mask.to(at::kDouble).mean().item<double>(); };
  metrics.emplace_back("unseen_share", share(measured) > 0 ? 1 - share(found) / share(measured) : 0);
  if (rays.colour.defined() && found.any().item<bool>())
    metrics.emplace_back("colour_error", mean_of((rays.colour - evaluation_.colours).abs().mean(1), found));
  if (found.any().item<bool>())
    metrics.emplace_back("depth_error", mean_of((rays.depth - evaluation_.depths).abs(), found));
  metrics.emplace_back("loss", still_ray_loss(*field_, evaluation_, options_.sampling, options_.loss).item<double>());
  return metrics;
}

const SeenSpace& NeuralMapping::seen() const {
  if (!seen_) seen_ = std::make_unique<SeenSpace>(data_, options_.mesh.cull_every);
  return *seen_;
}

const std::optional<geometry::Mesh>& NeuralMapping::reference() const {
  if (!reference_) reference_ = reference_mesh(data_, seen(), options_.mesh);
  return *reference_;
}

nlohmann::json NeuralMapping::answer() const {
  if (!evaluated_) return nullptr;
  const torch::NoGradGuard no_grad;
  const geometry::Mesh mesh = mesh_of(*field_, seen(), options_.mesh);
  nlohmann::json answer = {{"vertices", mesh.vertices.size()}, {"triangles", mesh.triangles.size()}};
  metrics::ReportSection section{"Surface", "", {{"vertices", "vertices"}, {"triangles", "triangles"}}};
  if (reference()) {
    const Metrics distances =
        compare_meshes(mesh, *reference(), options_.mesh, RandomStreams(streams_.seed_of("mesh")));
    const std::pair<const char*, const char*> columns[] = {{"artifacts, m", "mesh_artifacts"},
                                                           {"holes, m", "mesh_holes"},
                                                           {"completion", "mesh_completion"},
                                                           {"precision", "mesh_precision"},
                                                           {"F1", "mesh_f1"}};
    for (const auto& [name, value] : distances) answer[name] = value;
    for (const auto& [heading, name] : columns)
      if (answer.contains(name)) section.columns.emplace_back(heading, name);
  }
  if (options_.mesh.write && !folder_.empty()) {
    geometry::write_ply(mesh, folder_ / "mesh.ply");
    geometry::write_obj(mesh, folder_ / "mesh.obj");
    geometry::write_viewer(mesh, "Surface of the map", folder_ / "mesh.html");
    answer["viewer"] = {{"file", "mesh.html"}, {"text", "turn it"}};
    answer["ply"] = {{"file", "mesh.ply"}, {"text", "PLY"}};
    answer["obj"] = {{"file", "mesh.obj"}, {"text", "OBJ"}};
    for (const auto& [heading, name] : {std::pair{"page", "viewer"}, {"file", "ply"}, {"other file", "obj"}})
      section.columns.emplace_back(heading, name);
  }
  answer[metrics::kReportMember] = metrics::to_json(section);
  return answer;
}

std::vector<plot::Figure> NeuralMapping::figures() {
  const torch::NoGradGuard no_grad;
  std::vector<plot::Figure> all;
  for (std::size_t i = 0; i < std::min(kShownViews, data_.views.size()); ++i) {
    const View& view = data_.views[i * data_.views.size() / std::min(kShownViews, data_.views.size())];
    const SeenRays seen_rays = look_along(*field_, as_parameters(view.rays()), options_.sampling,
                                          options_.loss.truncation, options_.evaluation.step);
    const at::Tensor nothing = at::full({}, std::nan(""), at::kFloat);
    const at::Tensor depth = seen_rays.depth.cpu().to(at::kFloat).view(view.depth.sizes());
    const auto or_nothing = [&](const at::Tensor& z) { return at::where(z > 0, z, nothing); };
    const at::Tensor truth = or_nothing(view.depth), shown = or_nothing(depth), error = (shown - truth).abs();
    const double far = view.depth.max().item<double>();
    std::vector<std::vector<image::Colours>> rows{
        {shaded(truth, 0, far), shaded(shown, 0, far), shaded(error, 0, options_.loss.truncation)},
        {shaded_normals(normals_of(view.depth, view.camera)), shaded_normals(normals_of(depth, view.camera))}};
    if (seen_rays.colour.defined())
      rows.push_back({shaded_colours(view.colour.to(at::kFloat) / 255),
                      shaded_colours(seen_rays.colour.cpu().view(view.colour.sizes()))});
    all.push_back(picture_figure(
        fmt::format("view_{}", i), fmt::format("What view {} shows", i + 1), arranged(rows),
        fmt::format(
            "Left what was measured there, which was not trained on, beside it what the map shows; above depths, "
            "dark blue 0 m to yellow {:.3g} m, and their difference, yellow from {:.3g} m; below the directions "
            "of surfaces{}. Grey: nothing measured, or no surface in the map.",
            far, options_.loss.truncation, seen_rays.colour.defined() ? " and colours" : "")));
  }
  all.push_back(picture_figure(
      "coverage", "Measured places from above",
      coverage(data_.frames, data_.trajectories, data_.bounds, data_.bounds.longest() / 128),
      data_.trajectories > 1 ? "A colour for each trajectory, stronger where more rays end; x to the right, y upwards."
                             : "Stronger where more rays end; x to the right, y upwards."));
  return all;
}

std::vector<plot::Figure> NeuralMapping::figures_over_time(const std::vector<metrics::Record>& records) {
  CurveGroup distances;
  distances.name = "mapping_errors";
  distances.title = "Errors of the map";
  distances.y_label = "m";
  distances.y_log = true;
  distances.caption =
      "Depths of pictures that were not trained on, and distances between the map's surface and the known one.";
  distances.curves = {
      {"eval/depth_error", "depth"}, {"eval/mesh_artifacts", "artifacts"}, {"eval/mesh_holes", "holes"}};
  return {make_figure(distances, records)};
}

}  // namespace talweg::tasks
