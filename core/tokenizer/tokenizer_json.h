#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// The tokenizer that a tokenizer.json of the Hugging Face library describes: byte-level BPE or WordPiece, with added
/// tokens and the frame of its post-processor. Truncation and padding settings are left to the caller. `where` stands
/// for the file in messages. Throws DataError when something is missing, contradictory, or of a kind that is not
/// supported.
std::unique_ptr<Tokenizer> tokenizer_from_json(const nlohmann::json& description, const std::string& where);

}  // namespace talweg::tokenizer
