#include "tasks/language_modeling/language_data.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/read_file.h"
#include "core/io/content_key.h"
#include "core/io/mapped_file.h"
#include "core/io/utf8.h"
#include "tasks/language_modeling/chat_messages.h"
#include "tasks/language_modeling/tokenised_text.h"
#include "tasks/language_modeling/word_chain.h"

namespace talweg::tasks {
namespace {

using config::Fields;
using nlohmann::json;

/// The bytes of a file of UTF-8 text: mapped, or in memory when they had to be decompressed. Throws DataError for
/// another encoding.
class FileBytes {
 public:
  explicit FileBytes(const std::string& path) {
    fingerprint_ = io::fingerprint_of(path);
    auto mapped = std::make_shared<io::MappedFile>(path);
    if (io::is_gzip(mapped->bytes()))
      unpacked_ = io::gunzip(mapped->bytes(), path);
    else
      mapped_ = std::move(mapped);
    io::require_utf8(view(), path);
  }
  const io::FileFingerprint& fingerprint() const { return fingerprint_; }
  /// The text, without a byte order mark.
  std::string_view view() const {
    return io::without_byte_order_mark(mapped_ ? mapped_->bytes() : std::string_view(unpacked_));
  }

 private:
  io::FileFingerprint fingerprint_;
  std::shared_ptr<io::MappedFile> mapped_;
  std::string unpacked_;
};

/// Calls visit(line, bytes behind it) for every line, without its end.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin = end + 1;
    visit(line, static_cast<std::int64_t>(std::min(begin, text.size())));
  }
}

enum class DocumentUnit { file, line, paragraph };
std::vector<std::pair<std::string, DocumentUnit>> choices(DocumentUnit) {
  return {{"file", DocumentUnit::file}, {"line", DocumentUnit::line}, {"paragraph", DocumentUnit::paragraph}};
}

struct TextSource {
  std::string path;
  DocumentUnit document = DocumentUnit::file;
  std::int64_t skip_words = 0;
};
void declare(Fields& f, TextSource& o) {
  f("path", o.path, "UTF-8 text, plain or gzip", config::required());
  f("document", o.document, "what a document is: the file, a line, or lines up to an empty one");
  f("skip_words", o.skip_words, "words left out at the start of every line, such as the reference of a verse",
    config::at_least(0));
}

std::string_view without_words(std::string_view line, std::int64_t count) {
  for (; count > 0; --count) {
    const std::size_t space = line.find_first_of(" \t");
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  }
  return line;
}

LanguageCorpus read_text(const TextSource& source, const Tokenisation& how) {
  const auto bytes = std::make_shared<FileBytes>(source.path);
  Text text;
  text.name = source.path;
  text.content_key = fmt::format("text {} {} {}", io::content_key(bytes->view()), static_cast<int>(source.document),
                                 source.skip_words);
  text.bytes = static_cast<std::int64_t>(bytes->view().size());
  text.walk = [bytes, source](DocumentSink& sink, const auto& read) {
    if (source.document == DocumentUnit::file && source.skip_words == 0) {
      sink.piece(bytes->view());
      return sink.end_document();
    }
    // Lines are joined by a line feed, so that a tokenizer sees what a reader does.
    std::string document;
    const auto end = [&] {
      if (!document.empty()) sink.piece(document);
      sink.end_document();
      document.clear();
    };
    for_each_line(bytes->view(), [&](std::string_view line, std::int64_t done) {
      if (source.document == DocumentUnit::paragraph && line.empty()) return end();
      if (!document.empty()) document += '\n';
      document += without_words(line, source.skip_words);
      if (source.document == DocumentUnit::line) end();
      read(done);
    });
    end();
  };
  return {tokenised(text, how), std::nullopt, std::nullopt, {bytes->fingerprint()}};
}

/// Calls visit(object) for the JSON object of every line. Throws DataError with the line's number.
template <class Visit>
void for_each_object(const FileBytes& bytes, const std::string& path, const std::function<void(std::int64_t)>& read,
                     Visit&& visit) {
  std::int64_t number = 0;
  for_each_line(bytes.view(), [&](std::string_view line, std::int64_t done) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object()) throw DataError(fmt::format("{}:{}: not a JSON object", path, number));
    try {
      visit(object);
    } catch (const json::exception& error) {
      throw DataError(fmt::format("{}:{}: {}", path, number, error.what()));
    } catch (const DataError& error) {
      throw DataError(fmt::format("{}:{}: {}", path, number, error.what()));
    }
    read(done);
  });
}

const std::string& string_of(const json& object, const std::string& field) {
  const auto found = object.find(field);
  if (found == object.end()) throw DataError(fmt::format("there is no '{}'", field));
  if (!found->is_string()) throw DataError(fmt::format("'{}' is not text", field));
  return found->template get_ref<const std::string&>();
}

struct JsonlSource {
  std::string path;
  std::string field = "text";
};
void declare(Fields& f, JsonlSource& o) {
  f("path", o.path, "a JSON object a line, plain or gzip; each is a document", config::required());
  f("field", o.field, "the member that holds the text");
}

LanguageCorpus read_jsonl(const JsonlSource& source, const Tokenisation& how) {
  const auto bytes = std::make_shared<FileBytes>(source.path);
  Text text;
  text.name = source.path;
  text.content_key = fmt::format("jsonl {} {}", io::content_key(bytes->view()), source.field);
  text.bytes = static_cast<std::int64_t>(bytes->view().size());
  text.walk = [bytes, source](DocumentSink& sink, const auto& read) {
    for_each_object(*bytes, source.path, read, [&](const json& object) {
      sink.piece(string_of(object, source.field));
      sink.end_document();
    });
  };
  return {tokenised(text, how), std::nullopt, std::nullopt, {bytes->fingerprint()}};
}

struct ChatSource {
  std::string path;
  ChatMembers members;
  std::string system = tokenizer::kSmolLm2System;
};
void declare(Fields& f, ChatSource& o) {
  f("path", o.path, "a conversation a line as a JSON object, plain or gzip", config::required());
  f("messages", o.members.messages, "the member with a list of {role, content}; also read: ShareGPT and Alpaca");
  f("prompt", o.members.prompt, "where an object has no messages: the member with the question");
  f("response", o.members.response, "and the one with the answer");
  f("system", o.system, "system message of conversations that have none; empty for none");
}

LanguageCorpus read_chat(const ChatSource& source, const Tokenisation& how) {
  tokenizer::chat_end(how.tokenizer);  // says so when the tokenizer has no tokens for it
  const auto bytes = std::make_shared<FileBytes>(source.path);
  Text text;
  text.name = source.path;
  text.content_key = fmt::format("chatml 2 {} {}\n{}\n{}\n{}", io::content_key(bytes->view()), source.members.messages,
                                 source.members.prompt, source.members.response, source.system);
  text.bytes = static_cast<std::int64_t>(bytes->view().size());
  text.marks_context = true;
  text.walk = [bytes, source](DocumentSink& sink, const auto& read) {
    for_each_object(*bytes, source.path, read, [&](const json& object) {
      for (const tokenizer::ChatPiece& piece :
           tokenizer::format_chat(read_messages(object, source.members), source.system, false))
        sink.piece(piece.text, piece.trained);
      sink.end_document();
    });
  };
  // The template has beginnings and ends of its own.
  return {tokenised(text, {how.tokenizer, how.tokenizer_key, false, how.cache, false}),
          std::nullopt,
          source.system,
          {bytes->fingerprint()}};
}

enum class IdWidth { two, four };
std::vector<std::pair<std::string, IdWidth>> choices(IdWidth) {
  return {{"uint16", IdWidth::two}, {"uint32", IdWidth::four}};
}

struct TokenSource {
  std::string path;
  IdWidth width = IdWidth::two;
  std::optional<std::int64_t> separator;
};
void declare(Fields& f, TokenSource& o) {
  f("path", o.path,
    "a file of nothing but little-endian ids, or a pattern such as data/part-*.bin: files follow each other by name",
    config::required());
  f("width", o.width, "of an id");
  f("separator", o.separator, "the id that ends every document (default: a file is one)", config::at_least(0));
}

/// The files that a pattern names, in order; a path without a pattern names itself.
std::vector<std::filesystem::path> files_of(const std::string& pattern) {
  glob_t found{};
  std::vector<std::filesystem::path> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (files.empty() && pattern.find_first_of("*?[") != std::string::npos)
    throw DataError(fmt::format("no file is called '{}'", pattern));
  if (files.empty()) files.emplace_back(pattern);  // opening it says what is wrong
  return files;
}

LanguageCorpus read_tokens(const TokenSource& source, const Tokenisation& how) {
  const std::vector<std::filesystem::path> paths = files_of(source.path);
  auto file = std::make_shared<data::TokenFile>(
      data::TokenFile::open_plain(paths, source.width == IdWidth::two ? 2 : 4, source.separator.value_or(-1)));
  file->require_below(how.tokenizer.vocabulary_size());
  LanguageCorpus corpus{file};
  for (const std::filesystem::path& path : paths) corpus.files.push_back(io::fingerprint_of(path));
  return corpus;
}

struct WordChainSource {
  WordChain chain;
  std::int64_t length = 20000;
  std::int64_t seed = 0;
};
void declare(Fields& f, WordChainSource& o) {
  f("words", o.chain.words, "different words", config::at_least(1), config::at_most(100000));
  f("exponent", o.chain.exponent, "of Zipf's law, which word frequencies follow", config::at_least(0));
  f("attachment", o.chain.attachment, "probability that a word's favourite successor follows", config::at_least(0),
    config::at_most(1));
  f("length", o.length, "words of text", config::at_least(2));
  f("seed", o.seed, "of the language and the text", config::at_least(0));
}

LanguageCorpus make_word_chain(const WordChainSource& source, const Tokenisation& how) {
  WordChain chain = source.chain;
  chain.seed = static_cast<std::uint64_t>(source.seed);
  tokenizer::Ids ids = how.tokenizer.encode(chain.text(source.length));
  const auto count = static_cast<std::int64_t>(ids.size());
  return {std::make_shared<data::TokenFile>(std::move(ids), std::vector<std::int64_t>{count}),
          chain.entropy_per_byte()};
}

template <class Options>
void add(const char* name, const char* summary, const char* source,
         LanguageCorpus (*read)(const Options&, const Tokenisation&)) {
  config::Registry<LanguageDataKind>::instance().add<Options>(name, summary, source, read);
}

}  // namespace

void register_language_data() {
  static const bool once = [] {
    add<TextSource>("text", "a text file", "standard", read_text);
    add<JsonlSource>("jsonl", "a JSON object a line with a text in it", "standard", read_jsonl);
    add<ChatSource>("chat", "conversations, of which the assistant's part is trained on",
                    "ChatML, the template of SmolLM2", read_chat);
    add<TokenSource>("tokens", "a file of token ids", "standard", read_tokens);
    add<WordChainSource>("word_chain", "a made-up language with Zipf's law and favourite successors", "ours",
                         make_word_chain);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
