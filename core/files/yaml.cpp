#include "core/files/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/io/input_file.h"
#include "core/io/utf8.h"

namespace talweg::config {
namespace {

/// Turns yaml-cpp's events into a Value; aliases are expanded while their size is counted, so a bomb stops early.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> source, const YamlLimits& limits)
      : source_(std::move(source)), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { complete(Value::null(location(mark)), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) fail(location(mark), "this alias refers to a value that contains it");
    count(location(mark), found->second.node_count());
    complete(found->second, 0, /*counted=*/true);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool plain = tag == "?" || tag.empty();
    if (plain && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")) {
      complete(Value::null(location(mark)), anchor);
    } else {
      complete(Value::scalar(text, location(mark), !plain), anchor);
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::sequence(location(mark)), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::mapping(location(mark)), anchor);
  }
  void OnMapEnd() override { close(); }

  std::optional<Value> root;

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = 0;
    std::optional<Member> pending;               // a key that waits for its value
    std::unordered_map<std::string, int> lines;  // of the keys seen so far
  };

  Location location(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  void count(const Location& where, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes)
      fail(where,
           fmt::format("the configuration has more than {} values once its aliases are expanded", limits_.nodes));
  }

  void open(Value value, YAML::anchor_t anchor) {
    if (static_cast<int>(stack_.size()) >= limits_.depth)
      fail(value.where, fmt::format("nested deeper than {} levels", limits_.depth));
    count(value.where, 1);
    stack_.push_back({std::move(value), anchor, std::nullopt, {}});
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.lines.contains("<<")) merge(frame.value);
    complete(std::move(frame.value), frame.anchor, /*counted=*/true);
  }

  void complete(Value value, YAML::anchor_t anchor, bool counted = false) {
    if (!counted) count(value.where, 1);
    if (anchor != 0) anchored_[anchor] = value;
    if (stack_.empty()) {
      root = std::move(value);
      return;
    }
    Frame& parent = stack_.back();
    if (parent.value.is_sequence()) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.pending) {
      take_key(parent, std::move(value));
    } else {
      parent.pending->value = std::move(value);
      parent.value.members.push_back(std::move(*parent.pending));
      parent.pending.reset();
    }
  }

  /// YAML's merge key: `<<: *base`, or a list of such, gives the keys that the mapping itself does not.
  void merge(Value& mapping) {
    const Value merged = *mapping.find("<<");
    mapping.erase("<<");
    const std::vector<Value> one{merged};
    for (const Value& source : merged.is_sequence() ? merged.items : one) {
      if (!source.is_mapping())
        fail(source.where, fmt::format("'<<' merges mappings ('<<: *NAME'), found {}", source.describe()));
      for (const Member& member : source.members)
        if (!mapping.find(member.key)) mapping.members.push_back(member);
    }
  }

  void take_key(Frame& parent, Value key) {
    if (!key.is_scalar()) fail(key.where, fmt::format("a key must be a word, found {}", key.describe()));
    const auto [first, is_new] = parent.lines.emplace(key.text, key.where.line);
    if (!is_new) fail(key.where, fmt::format("duplicate key '{}', first given in line {}", key.text, first->second));
    parent.pending = Member{key.text, key.where, Value::null(key.where)};
  }

  std::shared_ptr<const std::string> source_;
  YamlLimits limits_;
  std::size_t nodes_ = 0;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Value> anchored_;
};

Location location_of_byte(std::string_view text, std::size_t offset, std::shared_ptr<const std::string> source) {
  const std::string_view before = text.substr(0, offset);
  const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {std::move(source), line, static_cast<int>(offset - line_start) + 1};
}

/// The first line that is indented with a tab, if any: YAML forbids it and parsers explain it badly.
std::optional<Location> tab_indentation(std::string_view text, const std::shared_ptr<const std::string>& source) {
  int line = 1;
  for (std::size_t start = 0; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::size_t first = text.substr(start, end - start).find_first_not_of(' ');
    if (first != std::string_view::npos && text[start + first] == '\t')
      return Location{source, line, static_cast<int>(first) + 1};
    start = end + 1;
  }
  return std::nullopt;
}

void emit(YAML::Emitter& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      out << YAML::Null;
      break;
    case Value::Kind::scalar:
      if (value.quoted) out << YAML::DoubleQuoted;
      out << value.text;
      break;
    case Value::Kind::sequence: {
      const bool flat = std::all_of(value.items.begin(), value.items.end(),
                                    [](const Value& v) { return v.is_scalar() || v.is_null(); });
      if (flat) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Value& item : value.items) emit(out, item);
      out << YAML::EndSeq;
      break;
    }
    case Value::Kind::mapping:
      if (value.members.empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const Member& member : value.members) {
        out << YAML::Key << member.key << YAML::Value;
        emit(out, member.value);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

Value parse_yaml(std::string_view text, const std::string& name, const YamlLimits& limits) {
  const auto source = std::make_shared<const std::string>(name);
  if (text.size() > limits.bytes)
    throw ConfigError(fmt::format("{}: the file has {} bytes, a configuration has at most {}; is this a data file?",
                                  name, text.size(), limits.bytes));
  if (const auto offset = io::first_invalid_utf8(text))
    fail(location_of_byte(text, *offset, source), "not UTF-8 text; save the file with UTF-8 encoding");
  const auto tab = tab_indentation(text, source);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder tree(source, limits);
    if (!parser.HandleNextDocument(tree) || !tree.root || tree.root->is_null())
      throw ConfigError(name + ": the file holds no configuration (it is empty or has only comments)");
    TreeBuilder second(source, limits);
    if (parser.HandleNextDocument(second))
      throw ConfigError(name + ": the file holds several YAML documents ('---'), one was expected");
    if (tab) fail(*tab, "a tab is used for indentation; YAML allows only spaces there");
    return std::move(*tree.root);
  } catch (const YAML::Exception& error) {
    if (tab) fail(*tab, "a tab is used for indentation; YAML allows only spaces there");
    fail({source, error.mark.line + 1, error.mark.column + 1}, "not valid YAML: " + error.msg);
  }
}

Value read_yaml_file(const std::string& path, const YamlLimits& limits) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status)) {
    std::vector<std::string> neighbours;
    fs::path folder = fs::path(path).parent_path();
    for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, ignored))
      if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml")
        neighbours.push_back((folder / entry.path().filename()).string());
    throw ConfigError(fmt::format("{}: no such file", path) +
                      (neighbours.size() > 30 ? "" : io::suggestion(path, neighbours)));
  }
  if (fs::is_directory(status)) throw ConfigError(path + ": is a directory; name a YAML file");
  std::string text;
  try {
    text = io::read_at_most(path, limits.bytes + 1);
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
  if (text.size() > limits.bytes)
    throw ConfigError(fmt::format("{}: larger than {} bytes, the limit of a configuration; is this a data file?", path,
                                  limits.bytes));
  return parse_yaml(text, path, limits);
}

std::string to_yaml(const Value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace talweg::config
