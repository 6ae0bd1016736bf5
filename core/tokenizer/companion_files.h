#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// The ids with a role that the files beside a tokenizer name (tokenizer_config.json, special_tokens_map.json,
/// config.json, generation_config.json), as far as the tokenizer leaves them open, and every id that ends a text.
/// Throws DataError when one of the files is damaged, has a member that is not known, adds tokens that the tokenizer
/// lacks, or asks for another normalisation than `description` (the tokenizer.json; null for other kinds).
RoleIds read_companion_files(const std::filesystem::path& folder, const nlohmann::json& description,
                             const Tokenizer& tokenizer);

/// The frame that a tokenizer_config.json beside a SentencePiece model asks for with add_bos_token and add_eos_token.
/// (Beside a tokenizer.json its post-processor decides, as in the reference implementation.)
SequenceFrame read_piece_frame(const std::filesystem::path& folder, const RoleIds& roles);

}  // namespace talweg::tokenizer
