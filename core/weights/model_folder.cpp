#include "core/weights/model_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files/read_json_file.h"
#include "core/io/folder.h"
#include "core/io/json_fields.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"

namespace talweg::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "config.json";
constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

/// Throws ConfigError when replacing the folder would remove something that no export wrote.
void check_replaceable(const fs::path& path) {
  if (!fs::exists(path)) return;
  const auto refuse = [&](const std::string& why) {
    throw ConfigError(fmt::format("'{}' {}; choose a new folder, or remove it first", path.string(), why));
  };
  if (!fs::is_directory(path)) refuse("exists and is no folder");
  if (fs::is_empty(path)) return;
  if (!fs::exists(path / kConfig)) refuse("holds other things than a model");
  for (const auto& entry : fs::directory_iterator(path)) {
    const fs::path& file = entry.path();
    const bool known = entry.is_regular_file() && (file.extension() == ".json" || file.extension() == ".safetensors" ||
                                                   file.extension() == ".jinja" || file.filename() == "vocab.txt" ||
                                                   file.filename() == "merges.txt" || file.extension() == ".model");
    if (!known) refuse(fmt::format("holds '{}', which is not part of a model", file.filename().string()));
  }
}

void write_file(const fs::path& path, std::string_view bytes) {
  io::OutputFile file(path, io::OpenMode::create_new);
  file.write(bytes);
  file.sync();
  file.close();
}

void write_tensors(const fs::path& folder, const ModelFolderContent& content) {
  std::vector<NamedTensors> shards(1);
  std::uint64_t total = 0, in_shard = 0;
  for (const auto& named : content.tensors) {
    const std::uint64_t bytes = named.second.nbytes();
    if (in_shard > 0 && in_shard + bytes > content.shard_bytes) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(named);
    in_shard += bytes;
    total += bytes;
  }
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};  // the Hugging Face library insists on it
  if (shards.size() == 1) {
    checkpoint::write_safetensors(folder / kSingle, shards.front(), metadata);
    return;
  }
  json index = {{"metadata", {{"total_size", total}}}, {"weight_map", json::object()}};
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    for (const auto& [tensor, unused] : shards[i]) {
      TORCH_CHECK_VALUE(!index["weight_map"].contains(tensor), "two tensors are called ", tensor);
      index["weight_map"][tensor] = name;
    }
    checkpoint::write_safetensors(folder / name, shards[i], metadata);
  }
  write_file(folder / kIndex, index.dump(2) + "\n");
}

/// What the Hugging Face library calls the types that models are written in.
constexpr std::pair<at::ScalarType, const char*> kNumberTypes[] = {
    {at::kFloat, "float32"}, {at::kBFloat16, "bfloat16"}, {at::kHalf, "float16"}};

}  // namespace

at::ScalarType usual_type(const std::map<at::ScalarType, std::int64_t>& numbers) {
  at::ScalarType usual = at::kFloat;
  std::int64_t most = 0;
  for (const auto& [type, count] : numbers)
    if (count > most) {
      most = count;
      usual = type;
    }
  const bool known = std::any_of(std::begin(kNumberTypes), std::end(kNumberTypes),
                                 [&](const auto& entry) { return entry.first == usual; });
  return known ? usual : at::kFloat;
}

void set_number_type(ModelFolderContent& content, at::ScalarType type) {
  const auto known = std::find_if(std::begin(kNumberTypes), std::end(kNumberTypes),
                                  [&](const auto& entry) { return entry.first == type; });
  TORCH_CHECK_VALUE(known != std::end(kNumberTypes), "models are not written in ", type);
  for (auto& [name, tensor] : content.tensors) tensor = tensor.to(type);
  content.config["dtype"] = content.config["torch_dtype"] = known->second;
}

ModelFolder::ModelFolder(const fs::path& path) : path_(path) {
  if (!fs::exists(path)) throw DataError(fmt::format("there is no '{}'", path.string()));
  if (!fs::is_directory(path))
    throw DataError(fmt::format("'{}' is a file; a model is a folder with {} and {}", path.string(), kConfig, kSingle));
  config_ = io::read_json_file(path / kConfig);
  if (!config_.is_object()) throw DataError(fmt::format("{}: it is not a JSON object", (path / kConfig).string()));
  if (fs::exists(path / kSingle)) {
    for (auto& [name, tensor] : checkpoint::read_safetensors(path / kSingle).tensors) tensors_[name] = tensor;
  } else if (fs::exists(path / kIndex)) {
    read_shards(path / kIndex);
  } else {
    const bool pickled = fs::exists(path / "pytorch_model.bin");
    throw DataError(fmt::format(
        "{}: there is neither {} nor {}{}", path.string(), kSingle, kIndex,
        pickled ? "; pytorch_model.bin is a pickle, which is never read: save the model as safetensors" : ""));
  }
}

TensorSource ModelFolder::source() const {
  TensorSource source{path_.string(), {}, [this](const std::string& name) { return tensors_.at(name); }};
  for (const auto& [name, tensor] : tensors_) source.names.push_back(name);
  return source;
}

at::ScalarType ModelFolder::number_type() const {
  std::map<at::ScalarType, std::int64_t> numbers;
  for (const auto& [name, tensor] : tensors_) numbers[tensor.scalar_type()] += tensor.numel();
  return usual_type(numbers);
}

void ModelFolder::read_shards(const fs::path& index_path) {
  const json file = io::read_json_file(index_path);
  const io::JsonFields index(file, index_path.string());
  const json& map = index.at("weight_map");
  if (!map.is_object()) index.fail("'weight_map' is not an object");
  std::map<std::string, std::size_t> counts;
  for (const auto& [name, shard] : map.items()) {
    if (!shard.is_string() || !is_plain_name(shard.get<std::string>()))
      index.fail(fmt::format("the file of tensor '{}' is not the name of a file in the folder", name.substr(0, 200)));
    ++counts[shard.get<std::string>()];
  }
  for (const auto& [shard, count] : counts) {
    const auto read = checkpoint::read_safetensors(path_ / shard);
    for (const auto& [name, tensor] : read.tensors) {
      const auto listed = map.find(name);
      if (listed == map.end() || *listed != shard)
        index.fail(fmt::format("'{}' holds tensor '{}', the index does not say so", shard, name.substr(0, 200)));
      tensors_[name] = tensor;
    }
    if (read.tensors.size() != count)
      index.fail(fmt::format("the index gives {} tensors to '{}', which holds {}", count, shard, read.tensors.size()));
  }
}

void write_model_folder(const fs::path& path, const ModelFolderContent& content) {
  check_replaceable(path);
  io::FolderAside aside(path);
  write_file(aside.path() / kConfig, content.config.dump(2) + "\n");
  for (const auto& [name, bytes] : content.files) {
    TORCH_CHECK_VALUE(is_plain_name(name) && name != kConfig, "not a name for a further file: ", name);
    write_file(aside.path() / name, bytes);
  }
  write_tensors(aside.path(), content);
  aside.put_in_place();
}

}  // namespace talweg::weights
