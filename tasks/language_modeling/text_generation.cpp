#include "tasks/language_modeling/text_generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/device/pinned_memory.h"
#include "core/error.h"
#include "core/io/utf8.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Prompt tokens that are read at once.
constexpr std::int64_t kPromptBlock = 512;

/// Tokens that are decoded again with every new one at most, and those that stay as its context.
constexpr std::size_t kWindow = 64, kContext = 16;

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Bytes at the end of `text` that begin a character without ending it.
std::size_t unfinished_bytes(const std::string& text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;  // inside of a character
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

void declare(config::Fields& f, SamplingOptions& o) {
  using config::above;
  using config::at_least;
  f("max_tokens", o.max_tokens, "tokens that are written at most", at_least(1));
  f("temperature", o.temperature, "logits are divided by it; 0: always the most likely token", at_least(0));
  f("top_p", o.top_p, "draw from the most likely tokens that together have this probability", above(0),
    config::at_most(1));
}

std::int32_t choose_token(const at::Tensor& logits, const SamplingOptions& options, RandomGenerator& random) {
  if (options.temperature == 0) return static_cast<std::int32_t>(logits.argmax().item<std::int64_t>());
  const at::Tensor probabilities = at::softmax(logits.to(at::kCPU, at::kDouble) / options.temperature, 0).contiguous();
  const double* p = probabilities.const_data_ptr<double>();
  std::vector<std::int32_t> order(static_cast<std::size_t>(probabilities.numel()));
  std::iota(order.begin(), order.end(), 0);
  double mass = 1;
  if (options.top_p < 1) {
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return p[a] > p[b]; });
    mass = 0;
    std::size_t kept = 0;
    while (kept < order.size() && mass < options.top_p) mass += p[order[kept++]];
    order.resize(kept);
  }
  double left = random.uniform() * mass;
  for (const std::int32_t id : order)
    if ((left -= p[id]) < 0) return id;
  return order.back();
}

WritableIds writable_ids(const tokenizer::Tokenizer& tokenizer) {
  WritableIds writable{tokenizer.vocabulary_size(), tokenizer.roles().further_ends};
  if (tokenizer.roles().end) writable.ends.push_back(*tokenizer.roles().end);
  return writable;
}

tokenizer::Ids continue_ids(models::LanguageModel& model, const tokenizer::Ids& prompt, const WritableIds& writable,
                            const SamplingOptions& options, RandomGenerator random,
                            const std::function<bool(std::int32_t)>& each) {
  const auto length = static_cast<std::int64_t>(prompt.size());
  if (length == 0) throw ConfigError("a prompt needs at least one token");
  const std::int64_t positions = model.positions();
  if (positions > 0 && length >= positions)
    throw ConfigError(fmt::format("the prompt has {} tokens, the model has {} positions", length, positions));
  torch::NoGradGuard no_grad;
  const std::int64_t capacity =
      positions > 0 ? std::min(positions, length + options.max_tokens) : length + options.max_tokens;
  models::KeyValueCache cache = model.make_cache(1, capacity);
  const at::Tensor ids =
      sent_to(model.device(), at::tensor(std::vector<std::int64_t>(prompt.begin(), prompt.end())).unsqueeze(0));
  at::Tensor states;
  for (std::int64_t begin = 0; begin < length; begin += kPromptBlock)
    states = model.hidden(ids.narrow(1, begin, std::min(kPromptBlock, length - begin)), &cache);
  tokenizer::Ids written;
  for (;;) {
    const at::Tensor logits = model.logits(states.select(1, states.size(1) - 1)).squeeze(0);
    const std::int32_t id =
        choose_token(logits.narrow(0, 0, std::min(writable.count, logits.size(0))), options, random);
    if (std::find(writable.ends.begin(), writable.ends.end(), id) != writable.ends.end()) break;
    written.push_back(id);
    const auto count = static_cast<std::int64_t>(written.size());
    if (!each(id) || count >= options.max_tokens || length + count >= capacity) break;
    states = model.hidden(at::full({1, 1}, id, ids.options()), &cache);
  }
  return written;
}

TextStream::TextStream(const tokenizer::Tokenizer& tokenizer, const tokenizer::Ids& prompt)
    : tokenizer_(tokenizer), window_(prompt) {
  text_ = tokenizer_.decode(window_);
  forget_settled();
  written_ = text_.size();
}

std::size_t TextStream::settled() const {
  const std::size_t whole = text_.size() - unfinished_bytes(text_);
  // Tokenizers that decode to characters write one such mark for every byte of a character that is not whole yet.
  std::size_t end = whole;
  for (int marks = 0; marks < 3 && std::string_view(text_).substr(0, end).ends_with(kReplacement); ++marks)
    end -= kReplacement.size();
  return end;
}

void TextStream::forget_settled() {
  if (window_.size() <= kWindow) return;
  // A window that begins with text: a token behind nothing visible could read as one at the beginning.
  tokenizer::Ids kept(window_.end() - kContext, window_.end());
  std::string text = tokenizer_.decode(kept);
  const bool is_tail = !tokenizer_.decode({kept.data(), 1}).empty() && unfinished_bytes(text) == 0;
  if (!is_tail) return;
  const std::size_t left = text_.size() - written_;
  window_ = std::move(kept);
  text_ = std::move(text);
  written_ = text_.size() - std::min(left, text_.size());
}

std::string TextStream::add(std::int32_t id) {
  window_.push_back(id);
  text_ = tokenizer_.decode(window_);
  written_ = std::min(written_, text_.size());
  const std::size_t end = std::max(settled(), written_);
  std::string fresh = io::valid_utf8(std::string_view(text_).substr(written_, end - written_));
  written_ = end;
  forget_settled();
  return fresh;
}

std::string TextStream::rest() {
  const std::string_view left = std::string_view(text_).substr(written_);
  const std::size_t whole = left.size() - std::min(left.size(), unfinished_bytes(text_));
  written_ = text_.size();
  return io::valid_utf8(left.substr(0, whole)) + std::string(whole < left.size() ? kReplacement : "");
}

}  // namespace talweg::tasks
