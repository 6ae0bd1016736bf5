#pragma once

#include <filesystem>
#include <string>

#include "core/geometry/mesh.h"

namespace talweg::geometry {

/// Binary little-endian PLY with vertices, their colours where the mesh has some, and triangles. Replaced atomically.
/// Throws SystemError.
void write_ply(const Mesh& mesh, const std::filesystem::path& file);

/// Wavefront OBJ; colours stand behind the coordinates, as many programs read them. Replaced atomically. Throws
/// SystemError.
void write_obj(const Mesh& mesh, const std::filesystem::path& file);

/// Vertices and faces of a PLY file, ascii or binary, of any types; faces of more corners become fans. Throws DataError
/// saying what is wrong.
Mesh read_ply(const std::filesystem::path& file);

/// One page that shows the mesh and lets it be turned, zoomed and lit; it needs no network and no other file. Replaced
/// atomically. Throws SystemError.
void write_viewer(const Mesh& mesh, const std::string& title, const std::filesystem::path& file);

}  // namespace talweg::geometry
