// The layouts of recorded RGB-D folders: which pictures belong together, and where their camera was.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/error.h"
#include "core/files/read_file.h"
#include "tasks/neural_mapping/recording.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

/// The lines of a text file but for comments and empty ones, each with its number.
std::vector<std::pair<std::int64_t, std::string>> lines_of(const fs::path& file) {
  std::vector<std::pair<std::int64_t, std::string>> lines;
  std::istringstream text(io::read_file(file));
  std::string line;
  for (std::int64_t number = 1; std::getline(text, line); ++number)
    if (line.find_first_not_of(" \t\r") != std::string::npos && line[line.find_first_not_of(" \t\r")] != '#')
      lines.emplace_back(number, line);
  return lines;
}

std::string place_in(const fs::path& file, std::int64_t line) {
  return fmt::format("'{}', line {}", file.string(), line);
}

void append_file(MapData& data, const fs::path& file) {
  io::append(data.files, {io::fingerprint_of(file)});
}

struct TumOptions : RecordingOptions {
  TumOptions() {
    camera = {517.3, 516.5, 318.6, 255.3};
    depth_scale = 5000;
  }
};
struct ReplicaOptions : RecordingOptions {
  ReplicaOptions() {
    camera = {600, 600, 599.5, 339.5};
    depth_scale = 6553.5;
  }
};
struct ScanNetOptions : RecordingOptions {
  ScanNetOptions() {
    camera = {577.590698, 578.729797, 318.905426, 242.683609};
    depth_scale = 1000;
    crop = 10;
  }
};

/// A file or pose with its time, s.
template <class T>
struct Timed {
  double time;
  T what;
};

std::vector<Timed<fs::path>> timed_files(const fs::path& folder, const std::string& list) {
  std::vector<Timed<fs::path>> files;
  for (const auto& [number, line] : lines_of(folder / list)) {
    std::istringstream words(line);
    double time = 0;
    std::string name;
    if (!(words >> time >> name))
      throw DataError(
          fmt::format("{}: a time and a file were expected, not '{}'", place_in(folder / list, number), line));
    files.push_back({time, folder / name});
  }
  return files;
}

/// The one nearest in time; null where none is within 0.08 s. `all` in order of time.
template <class T>
const Timed<T>* nearest(const std::vector<Timed<T>>& all, double time) {
  const auto after =
      std::lower_bound(all.begin(), all.end(), time, [](const Timed<T>& one, double t) { return one.time < t; });
  const Timed<T>* best = after == all.end() ? nullptr : &*after;
  if (after != all.begin() && (!best || time - (after - 1)->time < best->time - time)) best = &*(after - 1);
  return best && std::abs(best->time - time) < 0.08 ? best : nullptr;
}

template <class T>
void sort_by_time(std::vector<Timed<T>>& all) {
  std::stable_sort(all.begin(), all.end(), [](const Timed<T>& a, const Timed<T>& b) { return a.time < b.time; });
}

/// A folder in the layout of the TUM RGB-D benchmark: rgb.txt, depth.txt and groundtruth.txt with times. Pictures and
/// poses belong together that are nearest in time, within 0.08 s; frames closer than 1/32 s to the one before are left
/// out.
MapData read_tum(const TumOptions& o, const RandomStreams& streams) {
  require_recording(o);
  const fs::path folder = o.path;
  const fs::path poses_file = folder / (fs::exists(folder / "groundtruth.txt") ? "groundtruth.txt" : "pose.txt");
  std::vector<Timed<fs::path>> colours = timed_files(folder, "rgb.txt"), depths = timed_files(folder, "depth.txt");
  std::vector<Timed<Pose>> poses;
  for (const auto& [number, line] : lines_of(poses_file)) {
    const std::string where = place_in(poses_file, number);
    const std::vector<double> n = numbers_of_line(line, where);
    if (n.size() != 8)
      throw DataError(fmt::format("{}: a time, a place and a quaternion are 8 numbers, not {}", where, n.size()));
    poses.push_back({n[0], pose_of_quaternion({n[1], n[2], n[3]}, {n[4], n[5], n[6], n[7]}, where)});
  }
  sort_by_time(colours);
  sort_by_time(depths);
  sort_by_time(poses);
  std::vector<RecordedFrame> frames;
  double last = -1;
  for (const auto& [time, file] : colours) {
    const Timed<fs::path>* depth = nearest(depths, time);
    const Timed<Pose>* pose = nearest(poses, time);
    if (!depth || !pose || (last >= 0 && time - last < 1.0 / 32)) continue;
    frames.push_back({file, depth->what, pose->what});
    last = time;
  }
  if (frames.empty())
    throw DataError(
        fmt::format("'{}': none of {} pictures has a depth and a pose within 0.08 s", o.path, colours.size()));
  MapData data = read_recording(frames, o, streams);
  for (const char* list : {"rgb.txt", "depth.txt"}) append_file(data, folder / list);
  append_file(data, poses_file);
  return data;
}

/// A folder in the layout in which Replica was rendered for iMAP and NICE-SLAM: results/frame000000.jpg,
/// results/depth000000.png and traj.txt, a matrix a line.
MapData read_replica(const ReplicaOptions& o, const RandomStreams& streams) {
  require_recording(o);
  const fs::path folder = o.path, file = folder / "traj.txt";
  std::vector<RecordedFrame> frames;
  for (const auto& [number, line] : lines_of(file)) {
    const std::string where = place_in(file, number);
    const std::string name = fmt::format("{:06}", frames.size());
    frames.push_back({folder / "results" / ("frame" + name + ".jpg"), folder / "results" / ("depth" + name + ".png"),
                      pose_of_matrix(numbers_of_line(line, where), where)});
  }
  const auto after_last = folder / "results" / fmt::format("depth{:06}.png", frames.size());
  if (fs::exists(after_last))
    throw DataError(
        fmt::format("'{}' has {} poses, and '{}' is there as well", file.string(), frames.size(), after_last.string()));
  MapData data = read_recording(frames, o, streams);
  append_file(data, file);
  return data;
}

std::vector<double> matrix_in(const fs::path& file) {
  std::vector<double> numbers;
  for (const auto& [number, line] : lines_of(file)) {
    const std::vector<double> row = numbers_of_line(line, place_in(file, number));
    numbers.insert(numbers.end(), row.begin(), row.end());
  }
  return numbers;
}

/// A folder of exported frames of ScanNet: color/0.jpg, depth/0.png, pose/0.txt, and perhaps
/// intrinsic/intrinsic_depth.txt, which then is the camera. Frames whose pose is not finite were lost by its tracking
/// and are left out.
MapData read_scannet(const ScanNetOptions& given, const RandomStreams& streams) {
  require_recording(given);
  ScanNetOptions o = given;
  const fs::path folder = o.path, camera = folder / "intrinsic" / "intrinsic_depth.txt";
  if (fs::exists(camera)) {
    const std::vector<double> m = matrix_in(camera);
    if (m.size() != 16 || !(m[0] > 0) || !(m[5] > 0))
      throw DataError(fmt::format("'{}' is no camera: 16 numbers were expected", camera.string()));
    o.camera = {m[0], m[5], m[2], m[6]};
  }
  std::vector<RecordedFrame> frames;
  std::vector<fs::path> used;
  std::int64_t lost = 0;
  for (std::int64_t i = 0;; ++i) {
    const fs::path file = folder / "pose" / fmt::format("{}.txt", i);
    if (!fs::exists(file)) break;
    const std::vector<double> m = matrix_in(file);
    if (std::any_of(m.begin(), m.end(), [](double x) { return !std::isfinite(x); })) {
      ++lost;
      continue;
    }
    frames.push_back({folder / "color" / fmt::format("{}.jpg", i), folder / "depth" / fmt::format("{}.png", i),
                      pose_of_matrix(m, "'" + file.string() + "'")});
    used.push_back(file);
  }
  if (frames.empty())
    throw DataError(
        fmt::format("'{}' holds no pose: pose/0.txt, pose/1.txt, … were expected, and {} that are there are "
                    "not finite",
                    o.path, lost));
  MapData data = read_recording(frames, o, streams);
  append_file(data, used.front());
  append_file(data, used.back());
  return data;
}

}  // namespace

void register_recordings() {
  auto& sources = config::Registry<MapSourceKind>::instance();
  sources.add<TumOptions>("tum_rgbd", "a folder in the layout of the TUM RGB-D benchmark", "Sturm et al. 2012",
                          read_tum);
  sources.add<ReplicaOptions>("replica", "a folder of Replica as rendered for iMAP and NICE-SLAM",
                              "Straub et al. 2019; Sucar et al. 2021", read_replica);
  sources.add<ScanNetOptions>("scannet", "a folder of exported frames of ScanNet", "Dai et al. 2017", read_scannet);
}

}  // namespace talweg::tasks
