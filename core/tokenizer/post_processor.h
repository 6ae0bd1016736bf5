#pragma once

#include "core/io/json_fields.h"
#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// The frame that the `post_processor` of a tokenizer.json puts around texts. Throws DataError.
SequenceFrame read_frame(const io::JsonFields& description, const Tokenizer& tokenizer);

}  // namespace talweg::tokenizer
