#include "tasks/triplets/factor_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/csv_field.h"
#include "core/io/folder.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

void write(const std::filesystem::path& path, std::string_view bytes) {
  io::OutputFile file(path, io::OpenMode::create_new);
  file.write(bytes);
  file.sync();
  file.close();
}

/// NumPy's format, version 1.0: magic, length of the header, a dictionary padded to 64 bytes, the numbers.
std::string numpy_bytes(const at::Tensor& rows) {
  const char* type = rows.scalar_type() == at::kDouble ? "<f8" : rows.scalar_type() == at::kHalf ? "<f2" : "<f4";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", type, rows.size(0), rows.size(1));
  constexpr std::size_t kPrefix = 10;
  header.append(63 - (kPrefix + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(static_cast<const char*>(rows.const_data_ptr()), rows.nbytes());
  return bytes;
}

void write_side(const std::filesystem::path& folder, const std::string& side, const at::Tensor& rows,
                const std::vector<std::string>& ids, at::ScalarType type) {
  const at::Tensor numbers = rows.to(at::kCPU, type).contiguous(), exact = rows.to(at::kCPU, at::kDouble).contiguous();
  std::string names, table = "id";
  for (std::int64_t c = 0; c < rows.size(1); ++c) table += fmt::format(",{}", c);
  table += '\n';
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::string id = ids.empty() ? std::to_string(i) : ids[static_cast<std::size_t>(i)];
    names += nlohmann::json(id).dump() + '\n';
    table += io::csv_field(id);
    for (std::int64_t c = 0; c < rows.size(1); ++c)
      table += fmt::format(",{:.9g}", exact.const_data_ptr<double>()[i * rows.size(1) + c]);
    table += '\n';
  }
  write(folder / (side + "s.npy"), numpy_bytes(numbers));
  write(folder / (side + "_ids.txt"), names);
  write(folder / (side + "s.csv"), table);
}

}  // namespace

void write_factors(const std::filesystem::path& folder, const UtilityRows& rows, const std::vector<std::string>& users,
                   const std::vector<std::string>& items, at::ScalarType type) {
  if (type == at::kBFloat16) throw ConfigError("NumPy has no bfloat16; --dtype takes float32 or float16 here");
  io::FolderAside aside(folder);
  write_side(aside.path(), "user", rows.users, users, type);
  write_side(aside.path(), "item", rows.items, items, type);
  aside.put_in_place();
}

}  // namespace talweg::tasks
