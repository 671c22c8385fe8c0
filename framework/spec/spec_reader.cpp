#include "spec/spec_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/near.h"
#include "spec/forms.h"
#include "spec/nested_pipeline.h"
#include "spec/substitution.h"

namespace pipit {
namespace {

const std::vector<std::string> kFileKeys = {"pipit", "name", "vars", "inputs", "nodes", "outputs", "index"};
const std::vector<std::string> kIndexKeys = {"vector", "text", "image", "video"};
const std::vector<std::string> kPipelineArguments = {"file", "vars"};
const std::vector<std::string> kPipelineNodeKeys = {"name", "op", "in", "out", "args"};
const std::vector<std::string> kNodeKeys = {"name",   "op",       "in",    "out",   "keep", "args",
                                            "window", "replicas", "batch", "queue", "hold"};

/// One has nothing to do while fewer items are in flight; and there is a queue for each pair of neighbours' replicas.
constexpr std::uint32_t kMostReplicas = 256;

/// Reads one file's tree into a Spec, gathering faults there.
class Reader {
 public:
  Reader(Spec& spec, const Spec::Options& options)
      : spec_(spec), options_(options), faults_(spec.faults), forms_(spec.faults) {}

  void read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::kMapping) {
      faults_.add(root.line,
                  fmt::format("expected a pipeline (keys {}), found {}", quoted_list(kFileKeys), describe(root)));
      faults_.raise();
    }
    const auto part = [&root](std::string_view key) { return find_meant(root, key, kFileKeys); };
    forms_.check_keys(root, kFileKeys, "");
    read_version(root, part("pipit"));
    if (const YamlNode* name = part("name")) spec_.name = forms_.scalar(*name, "name");
    if (const YamlNode* vars = part("vars")) read_vars(*vars);
    if (const YamlNode* inputs = part("inputs")) read_inputs(*inputs);
    const YamlNode* nodes = part("nodes");
    if (nodes == nullptr || nodes->kind != YamlNode::Kind::kSequence || nodes->items.empty()) {
      faults_.add(nodes ? nodes->line : root.line, "'nodes' must be a list of at least one node");
      spec_.columns_unknown = true;
    } else {
      for (const YamlNode& node : nodes->items) read_node(node);
    }
    read_outputs(part("outputs"), root.line);
    if (const YamlNode* index = part("index")) read_index(*index);
    check_overrides();
  }

 private:
  void read_version(const YamlNode& root, const YamlNode* version) {
    if (version == nullptr) {
      faults_.add(root.line, "the first line must say which pipeline format this is: 'pipit: 1'");
    } else if (version->text != "1") {
      faults_.add(version->line,
                  fmt::format("pipeline format {} is not known; this runtime reads 'pipit: 1'", describe(*version)));
    }
  }

  void read_outputs(const YamlNode* outputs, int file_line) {
    spec_.outputs_line = outputs ? outputs->line : file_line;
    const std::size_t before = faults_.count();
    if (outputs) spec_.outputs = forms_.names(*outputs, "outputs");
    if (faults_.count() != before) {
      spec_.columns_unknown = true;
    } else if (spec_.outputs.empty()) {
      faults_.add(spec_.outputs_line, "'outputs' must name at least one column");
    }
  }

  /// `{vector: COLUMN, text: FILE.yaml, image: FILE.yaml, video: FILE.yaml}`, the files relative to this one.
  void read_index(const YamlNode& index) {
    IndexSpec& read = spec_.index.emplace();
    read.line = index.line;
    const std::size_t before = faults_.count();
    forms_.check_part(index, kIndexKeys, "'index'");
    const YamlNode* vector = find_meant(index, "vector", kIndexKeys);
    if (vector != nullptr) {
      for (YamlNode& name : forms_.names(*vector, "index.vector")) read.vector = std::move(name);
    } else if (index.kind == YamlNode::Kind::kMapping) {
      faults_.add(index.line, "'index' must say which output is searched, {vector: COLUMN}");
    }
    for (const char* key : {"text", "image", "video"}) {
      const YamlNode* file = find_meant(index, key, kIndexKeys);
      if (file == nullptr) continue;
      const std::size_t before_file = faults_.count();
      forms_.scalar(*file, fmt::format("index.{}", key));
      if (faults_.count() != before_file) continue;
      const Substituted path = substitute(*file);
      const std::filesystem::path folder = path.from_outside     ? std::filesystem::path()
                                           : path.folder.empty() ? spec_.folder
                                                                 : path.folder;
      if (!path.told) read.queries.push_back({file->line, key, folder / path.text, path.unset});
    }
    read.told = faults_.count() != before;
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
      }
      Substituted text;
      if (const Override* set = find_override("vars." + key.text)) {
        text = {set->value, false, set->from_outside, set->folder, set->unset, set->told};
      } else if (value.kind != YamlNode::Kind::kScalar) {
        text.told = true;
      } else {
        text = substitute(value);
      }
      var_names_.push_back(key.text);
      spec_.vars.push_back({key.text, text});
      substitution_.define(key.text, std::move(text));
    }
  }

  void read_inputs(const YamlNode& inputs) {
    if (inputs.kind != YamlNode::Kind::kMapping) {
      faults_.add(inputs.line, fmt::format("'inputs' must map names to types, found {}", describe(inputs)));
      spec_.columns_unknown = true;
      return;
    }
    for (const auto& [key, type] : inputs.entries) {
      const std::size_t before = faults_.count();
      if (!is_identifier(key.text)) {
        faults_.add(key.line, fmt::format("input '{}' is no name; expected letters, digits and '_'", key.text));
      } else if (key.text == "item" || key.text == "error") {
        faults_.add(key.line,
                    fmt::format("input '{}' has the name of a field of every result line; choose another", key.text));
      }
      InputSpec& input = spec_.inputs.emplace_back(InputSpec{key.line, key.text, forms_.scalar(type, key.text)});
      input.told = faults_.count() != before;
      if (input.type.empty()) input.type = "any";
    }
  }

  void read_node(const YamlNode& map) {
    NodeSpec node;
    node.place = spec_.place;
    node.folder = spec_.folder;
    node.line = map.line;
    if (map.kind != YamlNode::Kind::kMapping) {
      faults_.add(map.line, fmt::format("a node must be a mapping with 'name' and 'op', found {}", describe(map)));
      node.told = node.columns_unknown = true;
      spec_.nodes.push_back(std::move(node));
      return;
    }
    const YamlNode* op = find_meant(map, "op", kNodeKeys);
    if (op != nullptr) {
      node.op = forms_.scalar(*op, "op");
      node.op_line = op->line;
    }
    const std::vector<std::string>& keys = node.op == "pipeline" ? kPipelineNodeKeys : kNodeKeys;
    const auto part = [&](std::string_view key) { return find_meant(map, key, keys); };
    read_name(map, part("name"), node);
    const std::string subject = fmt::format("node '{}': ", node.name);
    const std::size_t before = faults_.count();
    if (const YamlNode* in = part("in")) read_in(*in, node);
    if (const YamlNode* out = part("out")) {
      const std::size_t before_out = faults_.count();
      node.out = forms_.names(*out, "out");
      node.columns_unknown = faults_.count() != before_out;
    }
    if (const YamlNode* keep = part("keep")) {
      node.has_keep = true;
      node.keep = forms_.names(*keep, "keep");
    }
    if (const YamlNode* window = part("window")) read_window(*window, node, subject);
    node.told = node.told || faults_.count() != before;
    forms_.check_keys(map, keys, subject);
    if (node.op == "pipeline") {
      take_in(map, part("args"), node, subject);
      return;
    }
    if (const YamlNode* replicas = part("replicas")) {
      node.replicas = forms_.number<std::uint32_t>(*replicas, subject + "'replicas'", 1);
      if (node.replicas > kMostReplicas) {
        faults_.add(replicas->line,
                    fmt::format("{}'replicas' must be at most {}, found {}", subject, kMostReplicas, node.replicas));
        node.replicas = 1;
      }
    }
    if (const YamlNode* batch = part("batch")) read_batch(*batch, node, subject);
    if (const YamlNode* queue = part("queue")) read_queue(*queue, node, subject);
    if (const YamlNode* hold = part("hold")) {
      forms_.check_keys(*hold, {"mib"}, subject + "'hold': ");
      const YamlNode* mib = hold->find("mib");
      if (mib == nullptr) faults_.add(hold->line, subject + "'hold' must say how much: {mib: N}");
      if (mib != nullptr) node.hold_mib = forms_.number<double>(*mib, subject + "'hold.mib'", 0.001);
    }
    read_args(part("args"), node, subject);
    spec_.nodes.push_back(std::move(node));
  }

  /// A node without a name is called by its operator, for messages.
  void read_name(const YamlNode& map, const YamlNode* name, NodeSpec& node) {
    const bool has_op = find_meant(map, "op", kNodeKeys) != nullptr;
    const std::size_t before = faults_.count();
    if (name != nullptr) node.name = forms_.scalar(*name, "name");
    const bool has_name = name != nullptr && faults_.count() == before;
    if (!has_name) node.name = node.op;
    if (name == nullptr && !has_op) {
      faults_.add(map.line, "a node lacks 'name' and 'op'");
    } else if (name == nullptr || !has_op) {
      faults_.add(map.line, fmt::format("node '{}': lacks '{}'", node.name, has_op ? "name" : "op"));
    }
    if (node.op.empty()) node.told = true;
    if (!has_name) return;
    if (!is_identifier(node.name)) {
      faults_.add(name->line, fmt::format("node '{}': is no name; expected letters, digits and '_'", node.name));
    }
    if (const auto [twin, first] = lines_.emplace(node.name, node.line); !first) {
      faults_.add(name->line, fmt::format("node '{}': stands twice; first at line {}", node.name, twin->second));
    }
  }

  /// `op: pipeline`: the nodes of another file stand here, in the place of this one.
  void take_in(const YamlNode& map, const YamlNode* args, NodeSpec& node, const std::string& subject) {
    const YamlNode* file = args != nullptr ? find_meant(*args, "file", kPipelineArguments) : nullptr;
    if (file == nullptr || file->kind != YamlNode::Kind::kScalar || file->is_null()) {
      faults_.add(map.line, subject + "op 'pipeline' needs to know which, args: {file: FILE.yaml}");
      return leave_hole(node);
    }
    forms_.check_keys(*args, kPipelineArguments, subject + "'args': ");
    Spec::Options options = options_;
    options.prefix += node.name + ".";
    options.overrides.clear();
    if (const YamlNode* vars = find_meant(*args, "vars", kPipelineArguments)) give_vars(*vars, subject, options);
    for (const Override& set : options_.overrides) {
      if (!set.target.starts_with(node.name + ".")) continue;
      options.overrides.push_back(set);
      options.overrides.back().target.erase(0, node.name.size() + 1);
    }
    const Substituted path = substitute(*file);
    // Nothing below can be known without it, so that this is no mere warning.
    for (const UnsetVariable& variable : path.unset) faults_.add(file->line, subject + variable.message);
    if (path.told || !path.unset.empty()) return leave_hole(node);
    try {
      take_nodes(Spec::draft(path.from_outside ? std::filesystem::path(path.text) : spec_.folder / path.text, options),
                 node, subject);
    } catch (const Error& e) {
      if (e.code() == "invalid_pipeline") {
        faults_.add_from_below(file->line, e.what());
      } else if (!options_.budget->told) {
        options_.budget->told = e.code() == kTooMuch;
        faults_.add(file->line, subject + e.what());
      }
      leave_hole(node);
    }
  }

  void give_vars(const YamlNode& vars, const std::string& subject, Spec::Options& options) {
    if (vars.kind != YamlNode::Kind::kMapping) {
      faults_.add(vars.line, fmt::format("{}'vars' must map names to texts, found {}", subject, describe(vars)));
    }
    for (const auto& [key, value] : vars.entries) {
      Substituted text;
      if (value.kind == YamlNode::Kind::kScalar) {
        text = substitute(value);
      } else {
        text.told = true;
        faults_.add(value.line,
                    fmt::format("{}var '{}' must be a text or a number, found {}", subject, key.text, describe(value)));
      }
      const auto& folder = text.folder.empty() ? spec_.folder : text.folder;
      options.overrides.push_back({"vars." + key.text, text.text, text.from_outside, folder, text.unset, text.told});
    }
  }

  /// In the place of a pipeline that could not be read.
  void leave_hole(NodeSpec& node) {
    node.op.clear();
    node.told = true;
    node.columns_unknown = node.columns_unknown || node.out.empty();
    spec_.nodes.push_back(std::move(node));
  }

  void take_nodes(Spec inner, NodeSpec& node, const std::string& subject) {
    faults_.add(inner.faults);
    if (inner.nodes.empty()) return leave_hole(node);
    const std::string fault = connect_below(inner, node);
    if (!fault.empty()) faults_.add(node.line, subject + fault);
    const bool unknown = inner.columns_unknown || (node.told && node.out.empty()) || node.columns_unknown;
    inner.nodes.back().columns_unknown = inner.nodes.back().columns_unknown || unknown;
    for (NodeSpec& below : inner.nodes) spec_.nodes.push_back(std::move(below));
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
      for (YamlNode& name : forms_.names(column, what)) node.in.push_back({port, std::move(name), false});
    } else if (const YamlNode* value = column.find("value"); value != nullptr && column.entries.size() == 1) {
      YamlNode constant = *value;
      const Substituted known = substitute_in(constant, nullptr);
      node.in.push_back({port, std::move(constant), true, known.unset, known.told});
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
      for (YamlNode& name : forms_.names(*by, "window.by")) node.window_by = std::move(name);
    }
    for (const WindowFact fact : {WindowFact::kStart, WindowFact::kEnd, WindowFact::kRows}) {
      const std::string key(window_fact_key(fact));
      const YamlNode* column = window.find(key);
      if (column == nullptr) continue;
      const std::vector<YamlNode> read_names = forms_.names(*column, "window." + key);
      if (read_names.size() == 1) node.window_facts.emplace_back(fact, read_names.front());
      if (read_names.size() > 1)
        faults_.add(column->line,
                    fmt::format("{}'window.{}' names one column, found {}", subject, key, read_names.size()));
    }
    const YamlNode* step = window.find("step");
    if (size != nullptr && size->kind == YamlNode::Kind::kScalar && size->text == "all") {
      forms_.check_keys(window, {"size", "by", "start", "end", "rows"}, subject + "'window': ");
      return;
    }
    if (size != nullptr) {
      forms_.check_keys(window, {"size", "step", "by", "start", "end", "rows"}, subject + "'window': ");
      read.kind = WindowSpec::Kind::kCount;
      read.size = forms_.number<std::uint32_t>(*size, subject + "'window.size'", 1);
      read.step = step ? forms_.number<std::uint32_t>(*step, subject + "'window.step'", 1) : read.size;
      return;
    }
    forms_.check_keys(window, {"seconds", "step", "by", "start", "end", "rows"}, subject + "'window': ");
    read.kind = WindowSpec::Kind::kTime;
    read.seconds = forms_.number<double>(*seconds, subject + "'window.seconds'", 0.001);
    read.step_s = step ? forms_.number<double>(*step, subject + "'window.step'", 0.001) : read.seconds;
  }

  void read_batch(const YamlNode& batch, NodeSpec& node, const std::string& subject) {
    forms_.check_part(batch, {"max", "wait_ms"}, subject + "'batch'");
    if (const YamlNode* max = batch.find("max"))
      node.batch_max = forms_.number<std::uint32_t>(*max, subject + "'batch.max'", 1);
    if (const YamlNode* wait = batch.find("wait_ms"))
      node.batch_wait_ms = forms_.number<double>(*wait, subject + "'batch.wait_ms'", 0);
  }

  void read_queue(const YamlNode& queue, NodeSpec& node, const std::string& subject) {
    forms_.check_part(queue, {"items", "mib"}, subject + "'queue'");
    if (const YamlNode* items = queue.find("items"))
      node.queue_rows = forms_.number<std::uint32_t>(*items, subject + "'queue.items'", 1);
    if (const YamlNode* mib = queue.find("mib"))
      node.queue_mib = forms_.number<double>(*mib, subject + "'queue.mib'", 0.001);
  }

  void read_args(const YamlNode* args, NodeSpec& node, const std::string& subject) {
    if (args != nullptr && args->kind != YamlNode::Kind::kMapping && !args->is_null()) {
      faults_.add(args->line, fmt::format("{}'args' must map names to values, found {}", subject, describe(*args)));
      node.args_told = true;
    } else if (args != nullptr) {
      for (const auto& [key, value] : args->entries) {
        if (find_override(node.name + "." + key.text) != nullptr) continue;
        ArgumentSpec argument{key.text, value, false};
        const Substituted known = substitute_in(argument.value, &argument);
        argument.unset = known.unset;
        argument.told = known.told;
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
    std::vector<UnsetVariable> unset;
    bool told = false;
    Substituted done = substitution_.apply(
        node.text, node.quoted,
        [&](std::string_view name, std::string_view message) {
          unset.push_back({spec_.place, node.line, unset_text(name, message)});
        },
        [&](const std::string& message) {
          told = true;
          faults_.add(node.line, message);
        });
    done.told = done.told || told;
    done.unset.insert(done.unset.end(), unset.begin(), unset.end());
    return done;
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

  /// `argument`: whose value the node is, if of one. Returns what its texts need and whether one is at fault.
  Substituted substitute_in(YamlNode& node, ArgumentSpec* argument) {
    Substituted all;
    if (node.kind == YamlNode::Kind::kScalar) {
      all = substitute(node);
      if (argument != nullptr) {
        argument->from_outside = all.from_outside;
        argument->folder = all.folder;
      }
      node.text = all.text;
      node.quoted = all.quoted;
    }
    const auto add = [&](YamlNode& part) {
      const Substituted one = substitute_in(part, nullptr);
      all.unset.insert(all.unset.end(), one.unset.begin(), one.unset.end());
      all.told = all.told || one.told;
    };
    for (YamlNode& item : node.items) add(item);
    for (auto& [key, value] : node.entries) add(value);
    return all;
  }

  std::string origin(const Override& set) const {
    return fmt::format("{} {}{}", set.folder.empty() ? "--set" : "given", options_.prefix, set.target);
  }

  void check_overrides() {
    for (const Override& set : options_.overrides) {
      const std::string owner = set.target.substr(0, set.target.find('.'));
      if (owner == "vars") {
        const std::string name = set.target.substr(std::min(owner.size() + 1, set.target.size()));
        if (!set.if_there && std::ranges::find(var_names_, name) == var_names_.end()) {
          faults_.add(0, fmt::format("{}: no var '{}'{}", origin(set), name,
                                     instead(name, var_names_, var_names_.size() == 1 ? "there is" : "there are")));
        }
      } else if (!lines_.contains(owner) && !lines_.empty()) {
        faults_.add(0, fmt::format("{}: no node '{}'{}", origin(set), owner, instead_of_node(owner)));
      }
    }
  }

  /// The nodes that there are, in the file's order.
  std::string instead_of_node(const std::string& name) const {
    std::vector<std::pair<int, std::string>> nodes;
    for (const auto& [node, line] : lines_) nodes.emplace_back(line, node);
    std::ranges::sort(nodes);
    std::vector<std::string> names;
    for (auto& [line, node] : nodes) names.push_back(std::move(node));
    const std::string listed = instead(name, names, names.size() == 1 ? "the node is" : "the nodes are");
    return near_name(name, names).empty() ? listed + did_you_mean(name, {"vars"}) : listed;
  }

  Spec& spec_;
  const Spec::Options& options_;
  Faults& faults_;
  Forms forms_;
  Substitution substitution_;
  std::vector<std::string> var_names_;
  std::map<std::string, int, std::less<>> lines_;  // of the nodes, by name
};

}  // namespace

void read_spec(const YamlNode& root, const Spec::Options& options, Spec& spec) {
  Reader(spec, options).read(root);
}

}  // namespace pipit
