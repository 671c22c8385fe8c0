#include "spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <limits>
#include <set>
#include <sstream>

#include "below.h"
#include "near.h"
#include "substitution.h"

namespace pipit {
namespace {

const std::vector<std::string> kFileKeys = {"pipit", "name", "vars", "inputs", "nodes", "outputs"};
const std::vector<std::string> kNodeKeys = {"name",   "op",       "in",    "out",   "keep", "args",
                                            "window", "replicas", "batch", "queue", "hold"};

/// One has nothing to do while fewer items are in flight; and there is a queue for each pair of neighbours' replicas.
constexpr std::uint32_t kMostReplicas = 256;

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Reads one file's tree into a Spec, gathering faults.
class Reader {
 public:
  Reader(Spec& spec, const Spec::Options& options) : spec_(spec), options_(options), faults_(spec.place) {}

  void read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::kMapping) {
      faults_.add(root.line,
                  fmt::format("expected a pipeline (keys {}), found {}", quoted_list(kFileKeys), describe(root)));
      faults_.raise();
    }
    check_keys(root, kFileKeys, "");
    read_version(root);
    if (const YamlNode* name = root.find("name")) spec_.name = scalar(*name, "name");
    if (const YamlNode* vars = root.find("vars")) read_vars(*vars);
    if (const YamlNode* inputs = root.find("inputs")) read_inputs(*inputs);
    const YamlNode* nodes = root.find("nodes");
    if (nodes == nullptr || nodes->kind != YamlNode::Kind::kSequence || nodes->items.empty()) {
      faults_.add(nodes ? nodes->line : root.line, "'nodes' must be a list of at least one node");
    } else {
      for (const YamlNode& node : nodes->items) read_node(node);
    }
    const YamlNode* outputs = root.find("outputs");
    spec_.outputs_line = outputs ? outputs->line : root.line;
    if (outputs) spec_.outputs = names(*outputs, "outputs");
    if (spec_.outputs.empty()) faults_.add(spec_.outputs_line, "'outputs' must name at least one column");
    check_overrides();
    faults_.raise();
  }

 private:
  /// For a part of a node: 'subject' ends in its name, "node 'x': 'queue'".
  void check_part(const YamlNode& map, const std::vector<std::string>& known, const std::string& subject) {
    check_keys(map, known, subject + ": ");
    if (map.kind != YamlNode::Kind::kMapping)
      faults_.add(map.line,
                  fmt::format("{} must be a mapping of {}, found {}", subject, quoted_list(known), describe(map)));
  }

  void check_keys(const YamlNode& map, const std::vector<std::string>& known, std::string_view subject) {
    for (const auto& [key, value] : map.entries) {
      if (std::ranges::find(known, key.text) == known.end()) {
        faults_.add(key.line, fmt::format("{}no key '{}'{}; expected {}", subject, key.text,
                                          did_you_mean(key.text, known), quoted_list(known)));
      }
    }
  }

  void read_version(const YamlNode& root) {
    const YamlNode* version = root.find("pipit");
    if (version == nullptr) {
      faults_.add(root.line, "the first line must say which pipeline format this is: 'pipit: 1'");
    } else if (version->text != "1") {
      faults_.add(version->line,
                  fmt::format("pipeline format {} is not known; this runtime reads 'pipit: 1'", describe(*version)));
    }
  }

  std::string scalar(const YamlNode& node, std::string_view what) {
    if (node.kind != YamlNode::Kind::kScalar || node.is_null()) {
      faults_.add(node.line, fmt::format("'{}' must be a text, found {}", what, describe(node)));
      return {};
    }
    return node.text;
  }

  /// A name or a list of names.
  std::vector<YamlNode> names(const YamlNode& node, std::string_view what) {
    std::vector<YamlNode> list;
    if (node.kind == YamlNode::Kind::kScalar) list.push_back(node);
    if (node.kind == YamlNode::Kind::kSequence) list = node.items;
    if (node.kind == YamlNode::Kind::kMapping) {
      faults_.add(node.line, fmt::format("'{}' must be a name or a list of names, found {}", what, describe(node)));
    }
    std::erase_if(list, [&](const YamlNode& item) {
      const bool good = item.kind == YamlNode::Kind::kScalar && is_identifier(item.text);
      if (!good)
        faults_.add(item.line,
                    fmt::format("'{}': {} is no name; expected letters, digits and '_'", what, describe(item)));
      return !good;
    });
    return list;
  }

  template <class T>
  T number(const YamlNode& node, std::string_view what, T least) {
    T value{};
    const char* first = node.text.data();
    const auto [end, error] = std::from_chars(first, first + node.text.size(), value);
    if (node.kind != YamlNode::Kind::kScalar || error != std::errc() || end != first + node.text.size() ||
        !(value >= least) || value > std::numeric_limits<T>::max()) {
      faults_.add(node.line, fmt::format("{} must be a number of at least {}, found {}", what, least, describe(node)));
      return least;
    }
    return value;
  }

  void read_vars(const YamlNode& vars) {
    if (vars.kind != YamlNode::Kind::kMapping) {
      faults_.add(vars.line, fmt::format("'vars' must map names to texts, found {}", describe(vars)));
      return;
    }
    for (const auto& [key, value] : vars.entries) {
      if (value.kind != YamlNode::Kind::kScalar) {
        faults_.add(value.line,
                    fmt::format("var '{}' must be a text or a number, found {}", key.text, describe(value)));
        continue;
      }
      Substituted text;
      if (const Override* set = find_override("vars." + key.text)) {
        text = {set->value, false, set->from_outside, set->folder};
      } else {
        text = substitute(value);
      }
      var_names_.push_back(key.text);
      substitution_.define(key.text, std::move(text));
    }
  }

  void read_inputs(const YamlNode& inputs) {
    if (inputs.kind != YamlNode::Kind::kMapping) {
      faults_.add(inputs.line, fmt::format("'inputs' must map names to types, found {}", describe(inputs)));
      return;
    }
    for (const auto& [key, type] : inputs.entries) {
      if (!is_identifier(key.text)) {
        faults_.add(key.line, fmt::format("input '{}' is no name; expected letters, digits and '_'", key.text));
      } else if (key.text == "item" || key.text == "error") {
        faults_.add(key.line,
                    fmt::format("input '{}' has the name of a field of every result line; choose another", key.text));
      }
      spec_.inputs.push_back({key.line, key.text, scalar(type, key.text)});
    }
  }

  void read_node(const YamlNode& map) {
    NodeSpec node;
    node.place = spec_.place;
    node.folder = spec_.folder;
    node.line = map.line;
    if (map.kind != YamlNode::Kind::kMapping) {
      faults_.add(map.line, fmt::format("a node must be a mapping with 'name' and 'op', found {}", describe(map)));
      return;
    }
    const YamlNode* name = map.find("name");
    const YamlNode* op = map.find("op");
    if (op != nullptr) {
      node.op = scalar(*op, "op");
      node.op_line = op->line;
    }
    if (name != nullptr) node.name = scalar(*name, "name");
    if (name == nullptr || op == nullptr) {
      faults_.add(map.line, fmt::format("node '{}': lacks '{}'", name ? node.name : node.op, name ? "op" : "name"));
      return;
    }
    const std::string subject = fmt::format("node '{}': ", node.name);
    if (!is_identifier(node.name)) {
      faults_.add(name->line, fmt::format("node '{}': is no name; expected letters, digits and '_'", node.name));
    }
    if (const auto [twin, first] = lines_.emplace(node.name, node.line); !first) {
      faults_.add(name->line, fmt::format("{}stands twice; first at line {}", subject, twin->second));
    }
    if (const YamlNode* in = map.find("in")) read_in(*in, node);
    if (const YamlNode* out = map.find("out")) node.out = names(*out, "out");
    if (node.op == "pipeline") {
      check_keys(map, {"name", "op", "in", "out", "args"}, subject);
      take_in(map, node, subject);
      return;
    }
    check_keys(map, kNodeKeys, subject);
    if (const YamlNode* keep = map.find("keep")) {
      node.has_keep = true;
      node.keep = names(*keep, "keep");
    }
    if (const YamlNode* window = map.find("window")) read_window(*window, node, subject);
    if (const YamlNode* replicas = map.find("replicas")) {
      node.replicas = number<std::uint32_t>(*replicas, subject + "'replicas'", 1);
      if (node.replicas > kMostReplicas) {
        faults_.add(replicas->line,
                    fmt::format("{}'replicas' must be at most {}, found {}", subject, kMostReplicas, node.replicas));
        node.replicas = 1;
      }
    }
    if (const YamlNode* batch = map.find("batch")) read_batch(*batch, node, subject);
    if (const YamlNode* queue = map.find("queue")) read_queue(*queue, node, subject);
    if (const YamlNode* hold = map.find("hold")) {
      check_keys(*hold, {"mib"}, subject + "'hold': ");
      const YamlNode* mib = hold->find("mib");
      if (mib == nullptr) faults_.add(hold->line, subject + "'hold' must say how much: {mib: N}");
      if (mib != nullptr) node.hold_mib = number<double>(*mib, subject + "'hold.mib'", 0.001);
    }
    read_args(map.find("args"), node, subject);
    spec_.nodes.push_back(std::move(node));
  }

  /// `op: pipeline`: the nodes of another file stand here, in the place of this one.
  void take_in(const YamlNode& map, const NodeSpec& node, const std::string& subject) {
    const YamlNode* args = map.find("args");
    const YamlNode* file = args != nullptr ? args->find("file") : nullptr;
    if (file == nullptr || file->kind != YamlNode::Kind::kScalar || file->is_null()) {
      faults_.add(map.line, subject + "op 'pipeline' needs to know which, args: {file: FILE.yaml}");
      return;
    }
    check_keys(*args, {"file", "vars"}, subject + "'args': ");
    Spec::Options options = options_;
    options.prefix += node.name + ".";
    options.overrides.clear();
    if (const YamlNode* vars = args->find("vars")) {
      for (const auto& [key, value] : vars->entries) {
        Substituted text = substitute(value);
        const auto& folder = text.folder.empty() ? spec_.folder : text.folder;
        options.overrides.push_back({"vars." + key.text, std::move(text.text), text.from_outside, folder});
      }
    }
    for (const Override& set : options_.overrides) {
      if (!set.target.starts_with(node.name + ".")) continue;
      options.overrides.push_back(set);
      options.overrides.back().target.erase(0, node.name.size() + 1);
    }
    const Substituted path = substitute(*file);
    try {
      take_nodes(Spec::read(path.from_outside ? std::filesystem::path(path.text) : spec_.folder / path.text, options),
                 node, subject);
    } catch (const Error& e) {
      if (e.code() == "invalid_pipeline") {
        faults_.add_from_below(file->line, e.what());
      } else {
        faults_.add(file->line, subject + e.what());
      }
    }
  }

  void take_nodes(Spec inner, const NodeSpec& node, const std::string& subject) {
    const std::string fault = connect_below(inner, node, spec_.nodes.size());
    if (!fault.empty()) faults_.add(node.line, subject + fault);
    for (NodeSpec& below : inner.nodes) spec_.nodes.push_back(std::move(below));
    for (std::string& warning : inner.warnings) spec_.warnings.push_back(std::move(warning));
  }

  void read_in(const YamlNode& in, NodeSpec& node) {
    if (in.kind == YamlNode::Kind::kMapping) {
      for (const auto& [port, column] : in.entries) read_input(column, port.text, "in." + port.text, node);
    } else if (in.kind == YamlNode::Kind::kSequence) {
      for (const YamlNode& column : in.items) read_input(column, "", "in", node);
    } else {
      read_input(in, "", "in", node);
    }
  }

  /// A column's name, or `{value: …}`.
  void read_input(const YamlNode& column, const std::string& port, const std::string& what, NodeSpec& node) {
    if (column.kind == YamlNode::Kind::kSequence) {
      faults_.add(column.line, fmt::format("'{}' must be one name, found a list", what));
    } else if (column.kind == YamlNode::Kind::kScalar) {
      for (YamlNode& name : names(column, what)) node.in.push_back({port, std::move(name), false});
    } else if (const YamlNode* value = column.find("value"); value != nullptr && column.entries.size() == 1) {
      YamlNode constant = *value;
      substitute_in(constant, nullptr);
      node.in.push_back({port, std::move(constant), true});
    } else {
      faults_.add(column.line,
                  fmt::format("'{}' must be a column or a constant, {{value: …}}, found {}", what, describe(column)));
    }
  }

  /// `all`, `{size, step}` in rows, `{seconds, step, by}` in time; a mapping may name columns for facts of each window.
  void read_window(const YamlNode& window, NodeSpec& node, const std::string& subject) {
    WindowSpec& read = node.window.emplace();
    if (window.kind == YamlNode::Kind::kScalar && window.text == "all") return;
    const YamlNode* size = window.find("size");
    const YamlNode* seconds = window.find("seconds");
    if (window.kind != YamlNode::Kind::kMapping || (size == nullptr) == (seconds == nullptr)) {
      faults_.add(window.line,
                  fmt::format("{}'window' must be 'all', {{size, step}} or {{seconds, step, by}}, found {}", subject,
                              describe(window)));
      return;
    }
    if (const YamlNode* by = window.find("by")) {
      for (YamlNode& name : names(*by, "window.by")) node.window_by = std::move(name);
    }
    for (const WindowFact fact : {WindowFact::kStart, WindowFact::kEnd, WindowFact::kRows}) {
      const std::string key(window_fact_key(fact));
      const YamlNode* column = window.find(key);
      if (column == nullptr) continue;
      const std::vector<YamlNode> read_names = names(*column, "window." + key);
      if (read_names.size() == 1) node.window_facts.emplace_back(fact, read_names.front());
      if (read_names.size() > 1)
        faults_.add(column->line,
                    fmt::format("{}'window.{}' names one column, found {}", subject, key, read_names.size()));
    }
    const YamlNode* step = window.find("step");
    if (size != nullptr && size->kind == YamlNode::Kind::kScalar && size->text == "all") {
      check_keys(window, {"size", "by", "start", "end", "rows"}, subject + "'window': ");
      return;
    }
    if (size != nullptr) {
      check_keys(window, {"size", "step", "by", "start", "end", "rows"}, subject + "'window': ");
      read.kind = WindowSpec::Kind::kCount;
      read.size = number<std::uint32_t>(*size, subject + "'window.size'", 1);
      read.step = step ? number<std::uint32_t>(*step, subject + "'window.step'", 1) : read.size;
      return;
    }
    check_keys(window, {"seconds", "step", "by", "start", "end", "rows"}, subject + "'window': ");
    read.kind = WindowSpec::Kind::kTime;
    read.seconds = number<double>(*seconds, subject + "'window.seconds'", 0.001);
    read.step_s = step ? number<double>(*step, subject + "'window.step'", 0.001) : read.seconds;
  }

  void read_batch(const YamlNode& batch, NodeSpec& node, const std::string& subject) {
    check_part(batch, {"max", "wait_ms"}, subject + "'batch'");
    if (const YamlNode* max = batch.find("max"))
      node.batch_max = number<std::uint32_t>(*max, subject + "'batch.max'", 1);
    if (const YamlNode* wait = batch.find("wait_ms"))
      node.batch_wait_ms = number<double>(*wait, subject + "'batch.wait_ms'", 0);
  }

  void read_queue(const YamlNode& queue, NodeSpec& node, const std::string& subject) {
    check_part(queue, {"items", "mib"}, subject + "'queue'");
    if (const YamlNode* items = queue.find("items"))
      node.queue_rows = number<std::uint32_t>(*items, subject + "'queue.items'", 1);
    if (const YamlNode* mib = queue.find("mib")) node.queue_mib = number<double>(*mib, subject + "'queue.mib'", 0.001);
  }

  void read_args(const YamlNode* args, NodeSpec& node, const std::string& subject) {
    if (args != nullptr && args->kind != YamlNode::Kind::kMapping && !args->is_null()) {
      faults_.add(args->line, fmt::format("{}'args' must map names to values, found {}", subject, describe(*args)));
    } else if (args != nullptr) {
      for (const auto& [key, value] : args->entries) {
        if (find_override(node.name + "." + key.text) != nullptr) continue;
        ArgumentSpec argument{key.text, value, false};
        substitute_in(argument.value, &argument);
        node.args.push_back(std::move(argument));
      }
    }
    for (const Override& set : options_.overrides) {
      if (!set.target.starts_with(node.name + ".")) continue;
      node.args.push_back(
          {set.target.substr(node.name.size() + 1), YamlNode{.line = node.line, .text = set.value}, true, true});
    }
  }

  /// The last one wins, as on any command line.
  const Override* find_override(std::string_view target) const {
    const Override* found = nullptr;
    for (const Override& set : options_.overrides) {
      if (set.target == target) found = &set;
    }
    return found;
  }

  Substituted substitute(const YamlNode& node) {
    return substitution_.apply(
        node.text, node.quoted,
        [&](std::string_view name, std::string_view message) {
          const std::string text = unset_text(name, message);
          if (!options_.unset_is_warning) {
            faults_.add(node.line, text);
          } else {
            spec_.warnings.push_back(fmt::format("{}:{}: {}", spec_.place, node.line, text));
          }
        },
        [&](const std::string& message) { faults_.add(node.line, message); });
  }

  /// In a message of `${NAME:?message}`, `$folder` is the folder of the file.
  std::string unset_text(std::string_view name, std::string_view message) const {
    if (message.empty()) {
      return fmt::format("environment variable '{}' is not set and '${{{}}}' gives no default", name, name);
    }
    constexpr std::string_view kFolder = "$folder";
    std::string text(message);
    const std::string folder = spec_.folder.empty() ? "." : spec_.folder.string();
    for (std::size_t at = 0; (at = text.find(kFolder, at)) != std::string::npos; at += folder.size()) {
      text.replace(at, kFolder.size(), folder);
    }
    return text;
  }

  /// `argument`: whose value the node is, if of one.
  void substitute_in(YamlNode& node, ArgumentSpec* argument) {
    if (node.kind == YamlNode::Kind::kScalar) {
      Substituted done = substitute(node);
      if (argument != nullptr) {
        argument->from_outside = done.from_outside;
        argument->folder = done.folder;
      }
      node.text = std::move(done.text);
      node.quoted = done.quoted;
    }
    for (YamlNode& item : node.items) substitute_in(item, nullptr);
    for (auto& [key, value] : node.entries) substitute_in(value, nullptr);
  }

  std::string origin(const Override& set) const {
    return fmt::format("{} {}{}", set.folder.empty() ? "--set" : "given", options_.prefix, set.target);
  }

  void check_overrides() {
    for (const Override& set : options_.overrides) {
      const std::string owner = set.target.substr(0, set.target.find('.'));
      if (owner == "vars") {
        const std::string name = set.target.substr(std::min(owner.size() + 1, set.target.size()));
        if (std::ranges::find(var_names_, name) == var_names_.end()) {
          faults_.add(0, fmt::format("{}: no var '{}'{}", origin(set), name, did_you_mean(name, var_names_)));
        }
      } else if (!lines_.contains(owner)) {
        std::vector<std::string> known{"vars"};
        for (const auto& [node, line] : lines_) known.push_back(node);
        faults_.add(0, fmt::format("{}: no node '{}'{}", origin(set), owner, did_you_mean(owner, known)));
      }
    }
  }

  Spec& spec_;
  const Spec::Options& options_;
  Faults faults_;
  Substitution substitution_;
  std::vector<std::string> var_names_;
  std::map<std::string, int, std::less<>> lines_;  // of the nodes, by name
};

}  // namespace

std::string_view window_fact_key(WindowFact fact) {
  constexpr std::string_view kKeys[] = {"start", "end", "rows"};
  return kKeys[static_cast<int>(fact)];
}

std::string window_text(const WindowSpec& window) {
  switch (window.kind) {
    case WindowSpec::Kind::kCount:
      return fmt::format("{} rows, step {}", window.size, window.step);
    case WindowSpec::Kind::kTime:
      return fmt::format("{} s, step {} s", window.seconds, window.step_s);
    default:
      return "all rows";
  }
}

std::size_t Faults::file() {
  const auto found = std::ranges::find(files_, place_);
  if (found != files_.end()) return static_cast<std::size_t>(found - files_.begin());
  files_.push_back(place_);
  return files_.size() - 1;
}

void Faults::add(int line, std::string_view message) {
  faults_.push_back(
      {file(), line,
       line > 0 ? fmt::format("{}:{}: {}", place_, line, message) : fmt::format("{}: {}", place_, message)});
}

void Faults::add_from_below(int line, std::string_view lines) {
  faults_.push_back({file(), line, std::string(lines)});
}

void Faults::raise() const {
  if (faults_.empty()) return;
  auto sorted = faults_;
  std::ranges::stable_sort(sorted, {}, [](const Fault& f) { return std::pair(f.file, f.line); });
  std::string text;
  for (const Fault& fault : sorted) text += (text.empty() ? "" : "\n") + fault.text;
  throw Error("invalid_pipeline", text);
}

Spec Spec::read(const std::filesystem::path& file, const Options& options) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw Error("not_found", fmt::format("'{}' is a folder; expected a pipeline file", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error("not_found", fmt::format("cannot open pipeline '{}': {}", file.string(), std::strerror(errno)));
  std::ostringstream text;
  text << stream.rdbuf();
  Options within = options;
  enter_file(within.within, file);
  return parse(text.view(), file.string(), file.parent_path(), within);
}

Spec Spec::parse(std::string_view text, std::string_view place, const std::filesystem::path& folder,
                 const Options& options) {
  Spec spec;
  spec.place = place;
  spec.folder = folder;
  Reader(spec, options).read(parse_yaml(text, place));
  return spec;
}

}  // namespace pipit
