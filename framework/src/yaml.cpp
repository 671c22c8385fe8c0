#include "yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <sstream>

namespace pipit {
namespace {

constexpr std::size_t kMaxDepth = 64;

int line_of(const YAML::Mark& mark) {
  return mark.line + 1;
}

/// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view place) : place_(place) {}

  YamlNode take() {
    if (!faults_.empty()) throw Error("invalid_pipeline", faults_);
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, "", false, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(line_of(mark), "aliases (*name) are not supported; use vars");
    add(YamlNode{.line = line_of(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // yaml-cpp gives "!" for quoted and block scalars, "?" for plain ones.
    if (tag != "!" && tag != "?" && !tag.empty()) fault(line_of(mark), fmt::format("tag '{}' is not supported", tag));
    scalar(mark, text, tag == "!", anchor);
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
    std::optional<YamlNode> key;  // of a mapping: read, its value not yet
  };

  void fault(int line, std::string_view what) {
    if (!faults_.empty()) faults_ += '\n';
    faults_ += fmt::format("{}:{}: {}", place_, line, what);
  }

  void scalar(const YAML::Mark& mark, std::string text, bool quoted, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    add(YamlNode{.line = line_of(mark), .text = std::move(text), .quoted = quoted});
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) fault(line_of(mark), fmt::format("tag '{}' is not supported", tag));
    if (open_.size() >= kMaxDepth) {
      throw Error("invalid_pipeline",
                  fmt::format("{}:{}: nested deeper than {} levels", place_, line_of(mark), kMaxDepth));
    }
    open_.push_back({YamlNode{.kind = kind, .line = line_of(mark)}, std::nullopt});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) fault(line_of(mark), "anchors (&name) are not supported; use vars");
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
      if (node.kind != YamlNode::Kind::kScalar) fault(node.line, "a key must be a plain text");
      if (const YamlNode* first = parent.node.find(node.text)) {
        fault(node.line, fmt::format("key '{}' stands twice; first at line {}", node.text, first->line));
      }
      parent.key = std::move(node);
    } else {
      parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
      parent.key.reset();
    }
  }

  std::string place_;
  std::vector<Open> open_;
  YamlNode root_;
  std::string faults_;
};

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
  TreeBuilder builder(place);
  try {
    // Before white space at the end yaml-cpp takes a quoted text that was never closed.
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      throw Error("invalid_pipeline", fmt::format("{}: the file is empty", place));
    YamlNode root = builder.take();
    TreeBuilder rest(place);
    if (parser.HandleNextDocument(rest)) {
      throw Error("invalid_pipeline", fmt::format("{}: holds more than one YAML document", place));
    }
    return root;
  } catch (const YAML::Exception& e) {
    throw Error("invalid_pipeline", fmt::format("{}:{}: {}", place, line_of(e.mark), e.msg));
  }
}

}  // namespace pipit
