#include "core/tokenizer/sentence_piece.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "core/error.h"
#include "core/files/read_file.h"

namespace talweg::tokenizer {

SentencePiece::SentencePiece(const std::filesystem::path& path)
    : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  const std::string bytes = io::read_file(path, std::size_t{1} << 30);
  const auto status = processor_->LoadFromSerializedProto(bytes);
  if (!status.ok() || processor_->GetPieceSize() <= 0)
    throw DataError(fmt::format("{}: not a SentencePiece model: {}", path.string(), status.ToString()));
  const auto id = [](int value) { return value < 0 ? std::optional<std::int32_t>() : value; };
  RoleIds roles;
  roles.begin = id(processor_->bos_id());
  roles.end = id(processor_->eos_id());
  roles.unknown = id(processor_->unk_id());
  roles.padding = id(processor_->pad_id());
  set_roles(roles);
}

SentencePiece::~SentencePiece() = default;

void SentencePiece::append(std::string_view text, Ids& ids) const {
  std::vector<int> found;
  const auto status = processor_->Encode({text.data(), text.size()}, &found);
  if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot encode a text: {}", status.ToString()));
  ids.insert(ids.end(), found.begin(), found.end());
}

std::string SentencePiece::decode(std::span<const std::int32_t> ids) const {
  for (const std::int32_t id : ids) require_id(id);
  std::string text;
  const auto status = processor_->Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot decode: {}", status.ToString()));
  return text;
}

std::int64_t SentencePiece::vocabulary_size() const {
  return processor_->GetPieceSize();
}

std::optional<std::int32_t> SentencePiece::find(std::string_view token) const {
  const int id = processor_->PieceToId({token.data(), token.size()});
  // The library gives the unknown piece for what it does not know.
  if (processor_->IdToPiece(id) != token) return std::nullopt;
  return id;
}

bool SentencePiece::is_special(std::int32_t id) const {
  return id >= 0 && id < vocabulary_size() && processor_->IsControl(id);
}

}  // namespace talweg::tokenizer
