#include "tasks/language_modeling/tokenised_text.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "core/error.h"
#include "core/io/content_key.h"
#include "core/metrics/progress_line.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

/// Says how far the tokenisation is, on a terminal, and only when it takes longer than a moment.
class TokenisationProgress {
 public:
  TokenisationProgress(const std::string& name, std::int64_t bytes)
      : name_(fs::path(name).filename().string()), bytes_(bytes), shown_(::isatty(STDERR_FILENO) != 0) {}
  ~TokenisationProgress() {
    if (visible_) fmt::print(stderr, "\r\033[K");
  }

  void show(std::int64_t done, std::int64_t tokens) {
    const auto now = Clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    visible_ = true;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    fmt::print(stderr, "\r\033[Ktokenising {}: {:.0f} %, {} tokens, {}B/s", name_,
               100 * static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, bytes_)),
               metrics::format_quantity(static_cast<double>(tokens)),
               metrics::format_quantity(static_cast<double>(done) / seconds));
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string name_;
  std::int64_t bytes_;
  bool shown_, visible_ = false;
  Clock::time_point begin_ = Clock::now(), last_ = begin_;
};

/// What stands around a document: the tokenizer's frame, with its end of text or without as it is asked for.
struct DocumentFrame {
  tokenizer::Ids before, after;

  explicit DocumentFrame(const Tokenisation& how) {
    const auto end = how.tokenizer.roles().end;
    if (how.framed) {
      before = how.tokenizer.frame().before;
      after = how.tokenizer.frame().after;
      if (end && !after.empty() && after.back() == *end) after.pop_back();
    }
    if (how.end_of_document && end) after.push_back(*end);
  }
};

class Tokeniser : public DocumentSink {
 public:
  Tokeniser(data::TokenFileWriter& writer, const Tokenisation& how) : writer_(writer), how_(how), frame_(how) {}

  void piece(std::string_view text, bool trained) override {
    ids_.clear();
    how_.tokenizer.append(text, ids_);
    if (empty_ && !ids_.empty()) writer_.append(frame_.before, trained);
    writer_.append(ids_, trained);
    empty_ = empty_ && ids_.empty();
    last_trained_ = trained;
  }

  void end_document() override {
    if (!empty_) writer_.append(frame_.after, last_trained_);
    writer_.end_document();
    empty_ = true;
  }

 private:
  data::TokenFileWriter& writer_;
  const Tokenisation& how_;
  DocumentFrame frame_;
  tokenizer::Ids ids_;
  bool empty_ = true, last_trained_ = true;
};

}  // namespace

fs::path default_cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? fs::path(value) : fs::path();
  };
  if (const fs::path named = variable("TALWEG_CACHE_DIR"); !named.empty()) return named;
  if (const fs::path general = variable("XDG_CACHE_HOME"); !general.empty()) return general / "talweg";
  const fs::path home = variable("HOME");
  return (home.empty() ? fs::temp_directory_path() : home / ".cache") / "talweg";
}

std::shared_ptr<const data::TokenFile> tokenised(const Text& text, const Tokenisation& how) {
  const std::string key = io::content_key(fmt::format("2\n{}\n{}\n{}\n{}\n{}", text.content_key, how.tokenizer_key,
                                                      how.end_of_document, how.framed, text.marks_context));
  const fs::path file = how.cache / fmt::format("tokens-{}.bin", key);
  std::error_code error;
  if (fs::exists(file, error)) {
    try {
      return std::make_shared<data::TokenFile>(data::TokenFile::open(file));
    } catch (const DataError& damage) {
      fmt::print(stderr, "talweg: {}; tokenising again\n", damage.what());
    }
  }
  fs::create_directories(how.cache, error);
  if (error) throw io::file_error("create", how.cache, error.value());
  data::TokenFileWriter writer(file, how.tokenizer.vocabulary_size(), text.marks_context);
  {
    Tokeniser tokeniser(writer, how);
    TokenisationProgress progress(text.name, text.bytes);
    text.walk(tokeniser, [&](std::int64_t done) { progress.show(done, writer.tokens()); });
    tokeniser.end_document();
  }
  if (writer.tokens() == 0) throw DataError(fmt::format("'{}' has no text", text.name));
  writer.finish();
  return std::make_shared<data::TokenFile>(data::TokenFile::open(file));
}

}  // namespace talweg::tasks
