#include "core/error.h"
#include "core/libtorch.h"
#include "core/weights/gguf.h"
#include "models/language/packed_matrix.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/language_model_names.h"

namespace talweg::tasks {
namespace {

/// Rows of every head from pair by pair, [half, 2], to half by half, [2, half].
std::shared_ptr<const std::string> unpaired_rows(std::string_view bytes, std::int64_t rows, std::int64_t head_size) {
  const std::size_t row = bytes.size() / static_cast<std::size_t>(rows);
  auto ordered = std::make_shared<std::string>();
  ordered->reserve(bytes.size());
  for (std::int64_t head = 0; head < rows; head += head_size)
    for (std::int64_t half = 0; half < 2; ++half)
      for (std::int64_t i = 0; i < head_size / 2; ++i)
        ordered->append(bytes.substr(static_cast<std::size_t>(head + 2 * i + half) * row, row));
  return ordered;
}

}  // namespace

models::LanguageModel::Packing block_packing(const std::filesystem::path& gguf) {
  const auto file = std::make_shared<weights::GgufFile>(gguf);
  const auto heads = file->get<std::int64_t>("llama.attention.head_count");
  const auto head_size = file->get_or<std::int64_t>("llama.attention.key_length",
                                                    file->get<std::int64_t>("llama.embedding_length") / heads);
  const auto names = std::make_shared<weights::NameTable>(llama_gguf_names(head_size));
  return [=](const std::string& name, const at::Tensor& weight) -> std::shared_ptr<const models::PackedMatrix> {
    const auto theirs = names->to_theirs(name);
    if (!theirs) throw DataError("the file has no name for " + name);
    const weights::GgufTensor& tensor = file->describe(theirs->name);
    const std::int64_t rows = weight.size(0), columns = weight.size(1);
    if (!theirs->rule->read)
      return std::make_shared<models::PackedMatrix>(*tensor.format, rows, columns, tensor.bytes, file);
    const auto ordered = unpaired_rows(tensor.bytes, rows, head_size);
    return std::make_shared<models::PackedMatrix>(*tensor.format, rows, columns, *ordered, ordered);
  };
}

}  // namespace talweg::tasks
