#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::tokenizer {

using Ids = std::vector<std::int32_t>;

/// Ids with a role of their own, where the vocabulary has them.
struct RoleIds {
  std::optional<std::int32_t> begin, end, unknown, padding, mask;
  Ids further_ends = {};  ///< other ids that end what a model writes

  /// Whether a model that writes this id has said everything.
  bool is_end(std::int32_t id) const {
    return id == end || std::find(further_ends.begin(), further_ends.end(), id) != further_ends.end();
  }
};

/// The ids a model expects around one text, or around each of a pair ([CLS] a [SEP] b [SEP] for BERT; nothing for
/// GPT-2).
struct SequenceFrame {
  Ids before, after;                          ///< one text: before + a + after
  Ids pair_before, pair_between, pair_after;  ///< two: pair_before + a + pair_between + b + pair_after
  std::size_t between_of_second = 0;          ///< so many ids at the end of pair_between belong to b already
  std::int32_t second_segment = 1;            ///< the segment of b and what belongs to it; that of a is 0
};

/// Text to ids of a vocabulary and back. Implementations may be used from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Appends the ids of `text` (UTF-8; other bytes are dealt with, not refused). Special tokens written out in the text
  /// ("<|im_start|>") become their ids. No frame is added.
  virtual void append(std::string_view text, Ids& ids) const = 0;
  Ids encode(std::string_view text) const {
    Ids ids;
    append(text, ids);
    return ids;
  }

  /// The text of ids, special tokens written out. Throws DataError for an id outside the vocabulary.
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;

  /// Number of ids; ids are 0 … size − 1.
  virtual std::int64_t vocabulary_size() const = 0;
  /// The id of a token as the vocabulary writes it.
  virtual std::optional<std::int32_t> find(std::string_view token) const = 0;
  /// Whether the id stands for no text of its own (end of text, padding …).
  virtual bool is_special(std::int32_t id) const = 0;

  const RoleIds& roles() const { return roles_; }
  const SequenceFrame& frame() const { return frame_; }
  void set_roles(RoleIds roles) { roles_ = roles; }
  void set_frame(SequenceFrame frame) { frame_ = std::move(frame); }

 protected:
  /// Throws DataError for an id outside of the vocabulary.
  void require_id(std::int32_t id) const;

 private:
  RoleIds roles_;
  SequenceFrame frame_;
};

/// Ids with the frame of the tokenizer, and the segment of each: 0 for the first text, for the second what the frame
/// says (1 for BERT, 0 for RoBERTa).
struct Encoding {
  Ids ids;
  Ids segments;
};

/// `first` alone, or the pair when there is a `second`. At most `longest` ids: ids are taken off the ends of the texts
/// until they fit, as the reference implementation's "longest first" does; the frame stays. Throws ConfigError when
/// `longest` has no room for the frame and one id.
Encoding encode_framed(const Tokenizer& tokenizer, std::string_view first, std::optional<std::string_view> second,
                       std::int64_t longest);

/// The ids of a text that is to be continued: with what the frame puts before a text, without what it puts behind one,
/// which would say that the text has ended.
Ids encode_prompt(const Tokenizer& tokenizer, std::string_view text);

}  // namespace talweg::tokenizer
