#include "core/run/text_samples.h"

#include <nlohmann/json.hpp>

#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/io/utf8.h"

namespace talweg {

void replace_samples(const std::filesystem::path& file, std::int64_t step, const std::vector<TextSample>& samples) {
  using nlohmann::json;
  json list = json::array();
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    const json earlier = json::parse(io::read_whole_file(file), nullptr, false);
    if (earlier.is_array())
      for (const json& sample : earlier)
        if (sample.is_object() && sample.value("step", step) < step) list.push_back(sample);
  }
  for (const TextSample& sample : samples)
    list.push_back({{"step", step},
                    {"prompt", io::valid_utf8(sample.prompt)},
                    {"continuation", io::valid_utf8(sample.continuation)}});
  io::write_file_atomically(file, list.dump(1) + "\n");
}

}  // namespace talweg
