#include "core/tokenizer/bert_normalizer.h"

#include <utf8proc.h>

#include "core/tokenizer/unicode.h"
#include "core/tokenizer/unicode_8.h"

namespace talweg::tokenizer {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

/// The blocks of CJK ideographs that the reference implementation lists.
bool is_ideograph(std::uint32_t point) {
  constexpr std::pair<std::uint32_t, std::uint32_t> blocks[] = {
      {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
      {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (const auto& [first, last] : blocks)
    if (point >= first && point <= last) return true;
  return false;
}

bool is_punctuation(std::uint32_t point) {
  if (point < 0x80)
    return (point >= 33 && point <= 47) || (point >= 58 && point <= 64) || (point >= 91 && point <= 96) ||
           (point >= 123 && point <= 126);
  return unicode_8::is_punctuation(point);
}

void append_lowercase(std::uint32_t point, std::string& text) {
  if (point == 0x130) {  // the one capital whose small form is two characters
    text += "i\u0307";
    return;
  }
  append_utf8(static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point))), text);
}

/// One character outside of ASCII, cleaned and set apart but not yet folded.
void append_clean(const BertNormalizer& normalizer, std::uint32_t point, std::string& text) {
  if (normalizer.clean) {
    if (point == kReplacement || unicode_8::is_control(point)) return;
    if (character_class(point) == CharacterClass::space) {
      text += ' ';
      return;
    }
  }
  if (normalizer.separate_ideographs && is_ideograph(point)) {
    text += ' ';
    append_utf8(point, text);
    text += ' ';
  } else {
    append_utf8(point, text);
  }
}

void append_folded(const BertNormalizer& normalizer, std::string_view wide, std::string& text) {
  std::string decomposed;
  if (normalizer.strip_accents) {
    decomposed = normal_form(wide, NormalForm::decomposed);
    wide = decomposed;
  }
  for (std::size_t at = 0; at < wide.size();) {
    const CodePoint point = code_point(wide, at);
    at += point.length;
    if (normalizer.strip_accents && unicode_8::is_nonspacing_mark(point.value)) continue;
    if (normalizer.lowercase)
      append_lowercase(point.value, text);
    else
      append_utf8(point.value, text);
  }
}

}  // namespace

std::string normalize(const BertNormalizer& normalizer, std::string_view text) {
  std::string result, wide;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      ++at;
      const bool space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
      if (normalizer.clean && !space && (byte < 32 || byte == 127)) continue;
      if (normalizer.clean && space)
        result += ' ';
      else
        result += normalizer.lowercase && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20)
                                                                     : static_cast<char>(byte);
      continue;
    }
    wide.clear();
    while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) {
      const CodePoint point = code_point(text, at);
      at += point.length;
      append_clean(normalizer, point.value == kInvalid ? kReplacement : point.value, wide);
    }
    append_folded(normalizer, wide, result);
  }
  return result;
}

std::vector<std::string_view> bert_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    if (end > begin) words.push_back(text.substr(begin, end - begin));
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const CodePoint point = byte < 0x80 ? CodePoint{byte, 1} : code_point(text, at);
    if (character_class(point.value) == CharacterClass::space) {
      close(at);
      begin = at + point.length;
    } else if (is_punctuation(point.value)) {
      close(at);
      words.push_back(text.substr(at, point.length));
      begin = at + point.length;
    }
    at += point.length;
  }
  close(text.size());
  return words;
}

}  // namespace talweg::tokenizer
