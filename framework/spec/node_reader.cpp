#include "spec/node_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/nested_reader.h"

namespace pipit {
namespace {

const std::vector<std::string> kPipelineNodeKeys = {"name", "op", "in", "out", "args"};
const std::vector<std::string> kNodeKeys = {"name",   "op",       "in",    "out",   "keep", "args",
                                            "window", "replicas", "batch", "queue", "hold", "isolate"};

/// More have nothing to do while fewer items are in flight; and each pair of neighbours' replicas has a queue.
constexpr std::uint32_t kMostReplicas = 256;

/// A process needs some for itself.
constexpr std::uint32_t kLeastIsolatedMib = 64;
constexpr int kMostIsolatedSeconds = 1'000'000;

}  // namespace

void NodeReader::read(const YamlNode& map) {
  NodeSpec node;
  node.place = spec_.place;
  node.folder = spec_.folder;
  node.at = map.at;
  if (map.kind != YamlNode::Kind::kMapping) {
    faults_.add(map.at, fmt::format("a node must be a mapping with 'name' and 'op', found {}", describe(map)));
    node.told = node.columns_unknown = true;
    spec_.nodes.push_back(std::move(node));
    return;
  }
  if (const YamlNode* op = find_meant(map, "op", kNodeKeys)) node.op = forms_.scalar(*op, "op");
  const std::vector<std::string>& keys = node.op == "pipeline" ? kPipelineNodeKeys : kNodeKeys;
  const auto part = [&](std::string_view key) { return find_meant(map, key, keys); };
  for (const std::string& key : keys) {
    if (const YamlNode* value = part(key)) node.parts.emplace(key, value->at);
  }
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
    NestedReader(spec_, options_, variables_).read(part("args"), std::move(node));
    return;
  }
  if (const YamlNode* replicas = part("replicas")) read_replicas(*replicas, node, subject);
  if (const YamlNode* batch = part("batch")) read_batch(*batch, node, subject);
  if (const YamlNode* queue = part("queue")) read_queue(*queue, node, subject);
  if (const YamlNode* hold = part("hold")) read_hold(*hold, node, subject);
  if (const YamlNode* isolate = part("isolate")) read_isolate(*isolate, node, subject);
  read_args(part("args"), node, subject);
  spec_.nodes.push_back(std::move(node));
}

/// A node without a name is called by its operator, for messages.
void NodeReader::read_name(const YamlNode& map, const YamlNode* name, NodeSpec& node) {
  const bool has_op = find_meant(map, "op", kNodeKeys) != nullptr;
  const std::size_t before = faults_.count();
  if (name != nullptr) node.name = forms_.scalar(*name, "name");
  const bool has_name = name != nullptr && faults_.count() == before;
  if (!has_name) node.name = node.op;
  if (name == nullptr && !has_op) {
    faults_.add(map.at, "a node lacks 'name' and 'op'");
  } else if (name == nullptr || !has_op) {
    faults_.add(map.at, fmt::format("node '{}': lacks '{}'", node.name, has_op ? "name" : "op"));
  }
  if (node.op.empty()) node.told = true;
  if (!has_name) return;
  if (!is_identifier(node.name)) {
    faults_.add(name->at, fmt::format("node '{}': is not a name; expected letters, digits and '_'", node.name));
  }
  if (const auto [twin, fresh] = names_.emplace(node.name, node.at); !fresh) {
    faults_.add(name->at, fmt::format("node '{}': duplicate name; first at line {}", node.name, twin->second.line));
  }
}

void NodeReader::read_replicas(const YamlNode& replicas, NodeSpec& node, const std::string& subject) {
  node.replicas = forms_.number<std::uint32_t>(replicas, subject + "'replicas'", 1);
  if (node.replicas > kMostReplicas) {
    faults_.add(replicas.at,
                fmt::format("{}'replicas' must be at most {}, found {}", subject, kMostReplicas, node.replicas));
    node.replicas = 1;
  }
}

void NodeReader::read_in(const YamlNode& in, NodeSpec& node) {
  if (in.kind == YamlNode::Kind::kMapping) {
    for (const auto& [port, column] : in.entries) read_input(column, &port, "in." + port.text, node);
  } else if (in.kind == YamlNode::Kind::kSequence) {
    for (const YamlNode& column : in.items) read_input(column, nullptr, "in", node);
  } else {
    read_input(in, nullptr, "in", node);
  }
}

/// A column's name, or `{value: …}`.
void NodeReader::read_input(const YamlNode& column, const YamlNode* port, const std::string& what, NodeSpec& node) {
  InputRef input{.port = port != nullptr ? port->text : "", .at = port != nullptr ? port->at : column.at};
  if (column.kind == YamlNode::Kind::kSequence) {
    faults_.add(column.at, fmt::format("'{}' must be one name, found a list", what));
  } else if (column.kind == YamlNode::Kind::kScalar) {
    for (YamlNode& name : forms_.names(column, what)) {
      input.column = std::move(name);
      node.in.push_back(std::move(input));
    }
  } else if (const YamlNode* value = column.find("value"); value != nullptr && column.entries.size() == 1) {
    input.column = *value;
    input.constant = true;
    const Substituted known = variables_.substitute_in(input.column);
    input.unset = known.unset;
    input.told = known.told;
    node.in.push_back(std::move(input));
  } else {
    faults_.add(column.at,
                fmt::format("'{}' must be a column or a constant, {{value: …}}, found {}", what, describe(column)));
  }
}

/// `all`, `{size, step}` in rows, `{seconds, step, by}` in time; a mapping may name columns for facts of each window.
void NodeReader::read_window(const YamlNode& window, NodeSpec& node, const std::string& subject) {
  WindowSpec& read = node.window.emplace();
  if (window.kind == YamlNode::Kind::kScalar && window.text == "all") return;
  const YamlNode* size = window.find("size");
  const YamlNode* seconds = window.find("seconds");
  if (window.kind != YamlNode::Kind::kMapping || (size == nullptr) == (seconds == nullptr)) {
    faults_.add(window.at, fmt::format("{}'window' must be 'all', {{size, step}} or {{seconds, step, by}}, found {}",
                                       subject, describe(window)));
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
      faults_.add(column->at, fmt::format("{}'window.{}' names one column, found {}", subject, key, read_names.size()));
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

void NodeReader::read_batch(const YamlNode& batch, NodeSpec& node, const std::string& subject) {
  forms_.check_part(batch, {"max", "wait_ms"}, subject + "'batch'");
  if (const YamlNode* max = batch.find("max"))
    node.batch_max = forms_.number<std::uint32_t>(*max, subject + "'batch.max'", 1);
  if (const YamlNode* wait = batch.find("wait_ms"))
    node.batch_wait_ms = forms_.number<double>(*wait, subject + "'batch.wait_ms'", 0);
}

void NodeReader::read_queue(const YamlNode& queue, NodeSpec& node, const std::string& subject) {
  forms_.check_part(queue, {"items", "mib"}, subject + "'queue'");
  if (const YamlNode* items = queue.find("items"))
    node.queue_rows = forms_.number<std::uint32_t>(*items, subject + "'queue.items'", 1);
  if (const YamlNode* mib = queue.find("mib"))
    node.queue_mib = forms_.number<double>(*mib, subject + "'queue.mib'", 0.001);
}

void NodeReader::read_hold(const YamlNode& hold, NodeSpec& node, const std::string& subject) {
  forms_.check_keys(hold, {"mib"}, subject + "'hold': ");
  if (const YamlNode* mib = hold.find("mib")) {
    node.hold_mib = forms_.number<double>(*mib, subject + "'hold.mib'", 0.001);
  } else {
    faults_.add(hold.at, subject + "'hold' must say how much: {mib: N}");
  }
}

/// `none`, `process`, or `{memory_mib, seconds}`; a var may say which.
void NodeReader::read_isolate(YamlNode isolate, NodeSpec& node, const std::string& subject) {
  const Substituted known = variables_.substitute_in(isolate);
  for (const UnsetVariable& variable : known.unset) faults_.add(variable.at, variable.message);
  if (known.told || !known.unset.empty()) return;
  if (isolate.kind == YamlNode::Kind::kScalar && isolate.text == "none") return;
  IsolateSpec& read = node.isolate.emplace();
  if (isolate.kind == YamlNode::Kind::kScalar && isolate.text == "process") return;
  if (isolate.kind != YamlNode::Kind::kMapping) {
    faults_.add(isolate.at, fmt::format("{}'isolate' must be 'none', 'process' or {{memory_mib, seconds}}, found {}",
                                        subject, describe(isolate)));
    return;
  }
  forms_.check_part(isolate, {"memory_mib", "seconds"}, subject + "'isolate'");
  if (const YamlNode* memory = isolate.find("memory_mib"))
    read.memory_mib = forms_.number<std::uint32_t>(*memory, subject + "'isolate.memory_mib'", kLeastIsolatedMib);
  if (const YamlNode* seconds = isolate.find("seconds")) {
    read.seconds = forms_.number<double>(*seconds, subject + "'isolate.seconds'", 0.1);
    if (read.seconds > kMostIsolatedSeconds) {
      faults_.add(seconds->at, fmt::format("{}'isolate.seconds' must be at most {}, found {}", subject,
                                           kMostIsolatedSeconds, read.seconds));
    }
  }
}

void NodeReader::read_args(const YamlNode* args, NodeSpec& node, const std::string& subject) {
  if (args != nullptr && args->kind != YamlNode::Kind::kMapping && !args->is_null()) {
    faults_.add(args->at, fmt::format("{}'args' must map names to values, found {}", subject, describe(*args)));
    node.args_told = true;
  } else if (args != nullptr) {
    for (const auto& [key, value] : args->entries) {
      if (options_.override_of(node.name + "." + key.text) != nullptr) continue;
      ArgumentSpec argument{.name = key.text, .value = value, .at = key.at};
      const Substituted known = variables_.substitute_in(argument.value);
      argument.from_outside = known.from_outside;
      argument.folder = known.folder;
      argument.unset = known.unset;
      argument.told = known.told;
      node.args.push_back(std::move(argument));
    }
  }
  for (const Override& set : options_.overrides) {
    if (!set.target.starts_with(node.name + ".")) continue;
    node.args.push_back({set.target.substr(node.name.size() + 1), YamlNode{.text = set.value}, true, true});
  }
}

}  // namespace pipit
