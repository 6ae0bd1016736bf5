#include "core/tokenizer/read_tokenizer.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/files/read_json_file.h"
#include "core/io/input_file.h"
#include "core/io/json_fields.h"
#include "core/tokenizer/companion_files.h"
#include "core/tokenizer/gguf_tokenizer.h"
#include "core/tokenizer/sentence_piece.h"
#include "core/tokenizer/tokenizer_json.h"

namespace talweg::tokenizer {
namespace {

namespace fs = std::filesystem;

bool is_gguf(const fs::path& path) {
  return fs::is_regular_file(path) && io::read_at_most(path, 4) == "GGUF";
}

}  // namespace

fs::path tokenizer_file(const fs::path& path) {
  if (!fs::exists(path))
    throw DataError(fmt::format("cannot read a tokenizer from '{}': it does not exist", path.string()));
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"})
    if (fs::exists(path / name)) return path / name;
  throw DataError(fmt::format("cannot read a tokenizer from '{}': there is no tokenizer.json or tokenizer.model in it",
                              path.string()));
}

std::shared_ptr<const Tokenizer> read_tokenizer(const fs::path& given) {
  const fs::path path = tokenizer_file(given);
  if (path.extension() == ".model") {
    const auto pieces = std::make_shared<SentencePiece>(path);
    pieces->set_roles(read_companion_files(path.parent_path(), nullptr, *pieces));
    pieces->set_frame(read_piece_frame(path.parent_path(), pieces->roles()));
    return pieces;
  }
  if (is_gguf(path)) return gguf_tokenizer(weights::GgufFile(path));
  const nlohmann::json description = io::read_json_file(path);
  std::unique_ptr<Tokenizer> tokenizer = tokenizer_from_json(description, path.string());
  tokenizer->set_roles(read_companion_files(path.parent_path(), description, *tokenizer));
  return tokenizer;
}

}  // namespace talweg::tokenizer
