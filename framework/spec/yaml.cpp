#include "spec/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>

namespace pipit {
namespace {

constexpr std::size_t kMaxDepth = 64;

SourcePlace place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Faults& faults) : faults_(faults) {}

  YamlNode take() { return std::move(root_); }
  /// The beginning of what is being read.
  SourcePlace begin() const { return open_.empty() ? SourcePlace{} : open_.back().node.at; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    // The mark of a value that is left out is that of whatever follows.
    SourcePlace at = place_of(mark);
    if (!open_.empty() && open_.back().key && open_.back().key->at.line != at.line) at = open_.back().key->at;
    add(YamlNode{.at = at});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults_.add(place_of(mark), "aliases (*name) are not supported; use vars");
    add(YamlNode{.at = place_of(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(mark, tag);
    refuse_anchor(mark, anchor);
    add(YamlNode{.at = place_of(mark), .text = text, .quoted = tag == "!"});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;                // of a mapping: read, its value not yet
    std::unordered_map<std::string, int> seen;  // its keys' lines
  };

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    refuse_anchor(mark, anchor);
    if (open_.size() >= kMaxDepth) {
      faults_.add(place_of(mark), fmt::format("nested deeper than {} levels", kMaxDepth));
      faults_.raise();
    }
    open_.push_back({YamlNode{.kind = kind, .at = place_of(mark)}, std::nullopt, {}});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) faults_.add(place_of(mark), "anchors (&name) are not supported; use vars");
  }

  /// yaml-cpp gives "!" for quoted and block scalars, "?" for plain ones.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag != "!" && tag != "?" && !tag.empty()) {
      faults_.add(place_of(mark), fmt::format("tag '{}' is not supported", tag));
    }
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != YamlNode::Kind::kScalar) faults_.add(node.at, "a key must be a plain text");
      if (const auto [first, fresh] = parent.seen.emplace(node.text, node.at.line); !fresh) {
        faults_.add(node.at, fmt::format("duplicate key '{}'; first at line {}", node.text, first->second));
      }
      parent.key = std::move(node);
    } else {
      parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
      parent.key.reset();
    }
  }

  std::vector<Open> open_;
  YamlNode root_;
  Faults& faults_;
};

bool is_indented_with_tab(std::string_view line) {
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

/// A message of yaml-cpp, in the words of somebody who writes YAML.
std::string plain_words(const std::string& said) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a list that begins with '[' is not closed with ']'"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "a mapping that begins with '{' is not closed with '}'"},
      {YAML::ErrorMsg::EOF_IN_SCALAR, "a quoted text is not closed"},
      {YAML::ErrorMsg::MAP_VALUE, "a second ': ' in one line; put a text that holds one in quotes"},
      {YAML::ErrorMsg::MAP_KEY, "a key is not possible here; look at the indentation"},
      {YAML::ErrorMsg::BLOCK_ENTRY, "a list's '-' is not possible here; look at the indentation"},
      {YAML::ErrorMsg::END_OF_MAP, "the indentation does not fit the lines above"},
      {YAML::ErrorMsg::END_OF_SEQ, "the indentation does not fit the lines above"},
      {YAML::ErrorMsg::FLOW_END, "a ']' or '}' closes what was not opened"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN, "a text must not begin with this character; put it in quotes"},
      {YAML::ErrorMsg::DOC_IN_SCALAR, "a quoted text is not closed before the document ends"}};
  for (const auto& [message, words] : kWords) {
    if (said == message) return std::string(words);
  }
  if (said.starts_with(YAML::ErrorMsg::INVALID_ESCAPE)) {
    return fmt::format(
        "'\\{}' is not an escape of a text in double quotes; a backslash is '\\\\' there, or take single "
        "quotes",
        said.substr(std::string_view(YAML::ErrorMsg::INVALID_ESCAPE).size()));
  }
  return said;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

bool YamlNode::is_null() const {
  return kind == Kind::kScalar && !quoted &&
         (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string describe(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kMapping) return "a mapping";
  if (node.kind == YamlNode::Kind::kSequence) return "a list";
  return node.is_null() ? "nothing" : fmt::format("'{}'", node.text);
}

Value to_value(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kSequence) {
    std::vector<Value> elements;
    for (const YamlNode& item : node.items) elements.push_back(to_value(item));
    return Value::list(std::move(elements));
  }
  if (node.kind == YamlNode::Kind::kMapping) {
    std::vector<std::pair<std::string, Value>> entries;
    for (const auto& [key, value] : node.entries) entries.emplace_back(key.text, to_value(value));
    return Value::map(std::move(entries));
  }
  if (node.quoted) return node.text;
  if (node.is_null()) return {};
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  if (const auto integer = parse_number<std::int64_t>(node.text)) return *integer;
  // from_chars takes "inf" and "nan" too, which the core schema spells otherwise and no argument here wants.
  if (node.text.find_first_not_of("+-.0123456789eE") == std::string::npos) {
    if (const auto number = parse_number<double>(node.text)) return *number;
  }
  return node.text;
}

YamlNode parse_yaml(std::string_view text, std::string_view place) {
  Faults faults{std::string(place)};
  YamlNode root = parse_yaml(text, faults);
  faults.raise();
  return root;
}

YamlNode parse_yaml(std::string_view text, Faults& faults) {
  faults.show(text);
  const auto fail = [&](SourcePlace at, std::string_view what) {
    // Faults that were found before are reported too.
    Faults all = faults;
    all.add(at, what);
    all.raise();
  };
  TreeBuilder builder(faults);
  try {
    // yaml-cpp accepts a quoted text that is never closed when white space follows it.
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) fail({}, "the file is empty");
    YamlNode root = builder.take();
    TreeBuilder second(faults);
    if (parser.HandleNextDocument(second)) fail(second.take().at, "a second YAML document; expected one in a file");
    return root;
  } catch (const YAML::Exception& e) {
    SourcePlace at = place_of(e.mark);
    const std::string_view line = faults.text()->line(at.line);
    const bool tab = is_indented_with_tab(line);
    if (tab) at.column = static_cast<int>(line.find('\t')) + 1;
    const bool unclosed = e.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW || e.msg == YAML::ErrorMsg::END_OF_MAP_FLOW;
    if (unclosed && !tab) at = builder.begin();
    fail(at, tab ? "the line is indented with a tab; YAML is indented with spaces" : plain_words(e.msg));
    throw;
  }
}

}  // namespace pipit
