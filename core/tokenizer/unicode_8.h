#pragma once

#include <cstdint>

/// General categories of Unicode 8.0, of code points beyond ASCII. The reference implementation of BERT's tokenizer has
/// this version's in its tables: marks and punctuation that came later are neither stripped nor set apart there, and
/// some others have changed their category since. Words must be cut the same way to give the same ids, so the tables
/// are pinned here and do not follow the version of the Unicode library. Every call takes the logarithm of a table of
/// at most 300 ranges.
namespace talweg::tokenizer::unicode_8 {

/// Cc, Cf or Co: control, format or private use.
bool is_control(std::uint32_t point);
/// P: punctuation of any kind.
bool is_punctuation(std::uint32_t point);
/// Mn: a mark without a width, as an accent.
bool is_nonspacing_mark(std::uint32_t point);

}  // namespace talweg::tokenizer::unicode_8
