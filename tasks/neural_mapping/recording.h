#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tasks/neural_mapping/depth_noise.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// A camera's numbers as a configuration gives them, in pixels of the depth pictures.
struct CameraOptions {
  double fx = 1, fy = 1, cx = 0, cy = 0;
};
void declare(config::Fields& f, CameraOptions& o);

/// What is taken of a recorded folder.
struct RecordingOptions {
  std::string path;
  CameraOptions camera;
  double depth_scale = 1000;  ///< units of a depth picture in a metre
  std::int64_t every = 1;     ///< frames from one that is taken to the next
  std::optional<std::int64_t> frames;
  double pixels = 0.05;   ///< share of a frame's pixels that is kept
  std::int64_t crop = 0;  ///< border that is cut off, pixels
  std::int64_t views = 3;
  double border = 0.2;  ///< m
  std::optional<DepthNoiseOptions> noise;
  std::optional<std::string> mesh;
  config::Location path_place{}, mesh_place{};  ///< where they were written, for messages
};
void declare(config::Fields& f, RecordingOptions& o);
void validate(RecordingOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Throws ConfigError, at its place, when the folder or the surface is not there.
void require_recording(const RecordingOptions& o);

/// A frame of a recording: where its pictures are, and its camera.
struct RecordedFrame {
  std::filesystem::path colour, depth;
  Pose pose;
};

/// The pose of a camera-to-world matrix, row by row, whose columns are right, down and forward (OpenCV's axes). `where`
/// names it in messages. Throws DataError when its first three columns are no rotation.
Pose pose_of_matrix(const std::vector<double>& matrix, const std::string& where);
/// Of a translation and a quaternion x, y, z, w of the same axes. Throws DataError when its length is not one.
Pose pose_of_quaternion(const Vector3& translation, const std::array<double, 4>& quaternion, const std::string& where);

/// The numbers of a line of text. Throws DataError where something is none.
std::vector<double> numbers_of_line(const std::string& line, const std::string& where);

/// Reads what is taken of the frames, in their order: pixels at random of most, whole pictures of the views for
/// evaluation, which lie evenly between the others and are not trained on. The mapped box is that of the measured
/// places but for the outermost thousandth on each side, and a border. Throws DataError naming a file that is missing,
/// does not decode, or is of another size than the first.
MapData read_recording(const std::vector<RecordedFrame>& frames, const RecordingOptions& options,
                       const RandomStreams& streams);

/// Registers `tum_rgbd`, `replica` and `scannet`.
void register_recordings();

}  // namespace talweg::tasks
