#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/geometry/vector3.h"

namespace talweg::tasks {

using geometry::Vector3;

enum class SolidShape { box, sphere };
inline std::vector<std::pair<std::string, SolidShape>> choices(SolidShape) {
  return {{"box", SolidShape::box}, {"sphere", SolidShape::sphere}};
}

/// A solid in a room, in metres.
struct Solid {
  SolidShape shape = SolidShape::box;
  std::vector<double> centre{0, 0, 0};
  std::vector<double> half{0.5, 0.5, 0.5};  ///< half the edges of a box
  double radius = 0.5;                      ///< of a sphere
};
void declare(config::Fields& f, Solid& o);
void validate(const Solid& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The rooms that come with the program: the one that is mapped and the one on which decoders are trained before.
/// Source: RAMEN §4 (a check scene of ours).
enum class KnownRoom { main, decoder };
inline std::vector<std::pair<std::string, KnownRoom>> choices(KnownRoom) {
  return {{"main", KnownRoom::main}, {"decoder", KnownRoom::decoder}};
}
std::vector<Solid> solids_of(KnownRoom room);

/// The inside of a box from the origin to `size`, with solids in it: free space has positive distances.
class AnalyticScene {
 public:
  AnalyticScene(const Vector3& size, std::vector<Solid> solids) : size_(size), solids_(std::move(solids)) {}

  const Vector3& size() const { return size_; }
  /// The distance to the nearest surface, m; exact in free space, and inside solids and walls too.
  double distance(const Vector3& point) const;
  /// The direction of free space at a point, of length one, by differences.
  Vector3 normal(const Vector3& point) const;
  /// How far a ray with a direction of length one goes until it meets a surface, m; negative where it does not within
  /// 12 m.
  double trace(const Vector3& origin, const Vector3& direction) const;
  /// A colour in [0, 1]: of the solid, in squares of 25 cm, lit from above.
  std::array<double, 3> colour(const Vector3& point) const;

 private:
  Vector3 size_;
  std::vector<Solid> solids_;
};

}  // namespace talweg::tasks
