#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/near.h"
#include "graph/arguments.h"
#include "graph/graph.h"
#include "graph/holds.h"
#include "graph/index_queries.h"
#include "graph/node_domains.h"
#include "graph/node_mode.h"
#include "graph/node_ports.h"
#include "graph/row_warnings.h"
#include "graph/scope.h"
#include "spec/forms.h"

namespace pipit {
namespace {

/// Builds a graph node by node, in the file's order, gathering faults.
class Builder {
 public:
  Builder(Graph& graph, const OperatorPath& path)
      : graph_(graph), path_(path), faults_(std::move(graph.spec.faults)), scope_(graph.spec) {}

  void build(const Graph::Check& check) {
    faults_.enter(graph_.spec.place);
    columns_unknown_ = graph_.spec.columns_unknown;
    for (const InputSpec& input : graph_.spec.inputs) add_input(input);
    for (const NodeSpec& node : graph_.spec.nodes) {
      spec_ = &node;
      std::ranges::for_each(node.enter, [this](const Alias& alias) { add_alias(alias); });
      add_node(node);
      std::ranges::for_each(node.leave, [this](const Alias& alias) { add_alias(alias); });
    }
    faults_.enter(graph_.spec.place);
    resolve_outputs();
    if (graph_.spec.index && !graph_.spec.index->told) check_index(*graph_.spec.index);
    check_inputs_are_read();
    warn_of_unread(graph_, scope_, faults_);
    find_holds(graph_, faults_);
    faults_.enter(graph_.spec.place);
    if (check) check(graph_, faults_);
    faults_.raise();
    warn_of_dropped_rows(graph_, faults_);
  }

 private:
  void add_input(const InputSpec& input) {
    Column column{input.name, -1, static_cast<int>(graph_.columns.size()), {}, 0};
    if (input.told) scope_.mark_read(column.port);
    try {
      column.type = Type::parse(input.type);
    } catch (const Error& e) {
      faults_.add(input.type_at, fmt::format("input '{}': {}", input.name, e.what()));
    }
    write(std::move(column));
  }

  /// From here on, the name means this column.
  ColumnId write(Column column) {
    const auto index = static_cast<ColumnId>(graph_.columns.size());
    scope_.define(column.name, index);
    graph_.columns.push_back(std::move(column));
    return index;
  }

  /// From here on, the name means a column that is there already.
  void add_alias(const Alias& alias) {
    faults_.enter(alias.place);
    subject_ = alias.node;
    const YamlNode& meant = alias.means.column;
    Port port{alias.name, {}, {}, {}};
    try {
      if (!alias.type.empty()) port.type = Type::parse(alias.type);
    } catch (const Error& e) {
      fault(meant.at, fmt::format("input '{}': {}", alias.name, e.what()));
    }
    tell_unset(alias.means.unset);
    if (alias.means.told) {
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    const FaultSink sink = [&](SourcePlace at, const std::string& message) { fault(at, message); };
    const ColumnId index = alias.means.constant ? add_constant(graph_, alias.means, port, sink) : read(meant);
    if (index < 0) {
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    if (!port.type.accepts(graph_.column(index).type)) {
      fault(meant.at, fmt::format("input '{}' takes {}, {} gives {}", alias.name, port.type.text(),
                                  graph_.column_text(index), graph_.column(index).type.text()));
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    scope_.define(alias.name, index);
  }

  void add_node(const NodeSpec& spec) {
    faults_.enter(spec.place);
    subject_ = spec.name;
    GraphNode node;
    const bool known = !spec.op.empty() && find_operator(spec, node);
    bool chosen = false;
    if (known && !spec.args_told) {
      const ArgumentFaults tell{[&](SourcePlace at, const std::string& message) { fault(at, message); },
                                [&](const UnsetVariable& variable) { tell_unset({variable}); }};
      node.arguments = bind_arguments(node.op.signature, spec, spec.folder, tell);
      chosen = choose_variant(node);
      if (spec.isolate) check_isolation(spec, node);
    } else {
      for (const ArgumentSpec& argument : spec.args) tell_unset(argument.unset);
    }
    const std::vector<ColumnId> read = read_columns(spec.in);
    node.keep = read_kept(spec);
    const bool readable = known && chosen && !spec.told;
    const FaultSink sink = [&](SourcePlace at, const std::string& message) { fault(at, message); };
    node.good = readable && assign_ports(graph_, node, spec, read, sink) &&
                choose_mode(
                    graph_, node, spec, [&](const YamlNode& name) { return this->read(name); }, sink) &&
                choose_domains(graph_, node, spec, sink);
    write_outputs(node, node.good);
    if (!node.good) {
      node.inputs.clear();
      node.keep.clear();
      node.by.reset();
    }
    columns_unknown_ = columns_unknown_ || spec.columns_unknown;
    graph_.nodes.push_back(std::move(node));
  }

  void check_isolation(const NodeSpec& spec, const GraphNode& node) {
    if (node.op.own) {
      fault(spec.part("isolate"), fmt::format("operator '{}' is the host's own code, which runs in its process; leave "
                                              "'isolate' out",
                                              node.op.name));
    } else if (asks_for_cuda(node.op.signature, node.arguments)) {
      fault(spec.part("isolate"),
            "tensors on cuda cannot go from process to process; leave 'isolate' out, or use "
            "device: cpu");
    }
  }

  /// Unset variables matter here: a value of this node needs them.
  void tell_unset(const std::vector<UnsetVariable>& variables) {
    const std::string here = faults_.place();
    for (const UnsetVariable& variable : variables) {
      faults_.enter(variable.place);
      if (graph_.spec.unset_is_warning) {
        const std::string text = faults_.told(variable.at, variable.message);
        if (std::ranges::find(graph_.warnings, text) == graph_.warnings.end()) graph_.warnings.push_back(text);
      } else {
        faults_.add(variable.at, variable.message);
      }
    }
    faults_.enter(here);
  }

  bool find_operator(const NodeSpec& spec, GraphNode& node) {
    try {
      using Unsigned = OperatorDescription::Unsigned;
      node.op = path_.describe(spec.op, spec.isolate ? Unsigned::kRefuse : Unsigned::kLoad);
      return true;
    } catch (const Error& e) {
      // The name is the whole fault; which node asked for it is told by the line.
      faults_.add(spec.part("op"), e.what());
      return false;
    }
  }

  /// False when the argument that decides it is not known.
  bool choose_variant(GraphNode& node) {
    const OperatorSignature& signature = node.op.signature;
    if (const auto variant = pipit::choose_variant(signature, node.arguments)) {
      node.variant = static_cast<int>(*variant);
      return true;
    }
    for (const ArgumentSpec& argument : spec_->args) {
      const bool is_it = argument.name == signature.variant_argument;
      if (!is_it || argument.unset.empty() || !graph_.spec.unset_is_warning) continue;
      fault(argument.value.at,
            fmt::format("argument '{}' decides the ports, so that nothing can be checked without it; set the variable "
                        "or give it with --set {}.{}=VALUE",
                        argument.name, spec_->name, argument.name));
    }
    return false;
  }

  /// Columns by name; -1 for one that is not there, or is a constant.
  std::vector<ColumnId> read_columns(const std::vector<InputRef>& inputs) {
    std::vector<ColumnId> columns;
    for (const InputRef& input : inputs) {
      tell_unset(input.unset);
      columns.push_back(input.constant || input.told ? -1 : read(input.column));
    }
    return columns;
  }

  std::vector<ColumnId> read_kept(const NodeSpec& spec) {
    std::vector<ColumnId> columns;
    for (const YamlNode& name : spec.keep) columns.push_back(read(name));
    std::erase(columns, -1);
    return columns;
  }

  /// The column of a name, or -1.
  ColumnId read(const YamlNode& name) {
    if (const auto found = scope_.read(name.text)) return *found;
    if (columns_unknown_) return -1;
    const NodeSpec* writer = scope_.writer_of(name.text);
    if (writer == nullptr) {
      fault(name.at, fmt::format("no column '{}'{}", name.text, did_you_mean(name.text, scope_.names())));
      scope_.read_meant(name.text);
    } else if (const std::string cycle = scope_.cycle(*writer, spec_->name); !cycle.empty()) {
      fault(name.at, fmt::format("reads '{}', which makes a cycle: {}", name.text, cycle));
    } else {
      fault(name.at,
            fmt::format("reads '{}', which node '{}' gives only below, at line {}; move node '{}' above this one",
                        name.text, writer->name, writer->at.line, writer->name));
    }
    return -1;
  }

  void write_outputs(GraphNode& node, bool good) {
    const bool filter = spec_->has_keep;
    const auto& names = spec_->out.empty() && filter ? spec_->keep : spec_->out;
    const std::size_t expected = filter ? node.keep.size() : good ? node.ports().outputs.size() : names.size();
    if (good && names.size() != expected) {
      std::vector<std::string> ports;
      for (const Port& port : node.ports().outputs) ports.push_back(port.name);
      fault(spec_->part(names.empty() ? "op" : "out"),
            filter ? fmt::format("'keep' names {}, 'out' names {}", expected, names.size())
                   : fmt::format("operator '{}' gives {} ({}), 'out' names {}", spec_->op, counted_columns(expected),
                                 quoted_list(ports), names.empty() ? "none" : std::to_string(names.size())));
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      check_written(names[i], "'out'", seen);
      Column column{names[i].text, static_cast<NodeId>(graph_.nodes.size()), static_cast<int>(i), {}, kNoDomain};
      if (good && i < expected) {
        column.type = filter ? graph_.column(node.keep[i]).type : node.ports().outputs[i].type;
        column.domain = node.domain_out;
      }
      node.outputs.push_back(write(std::move(column)));
    }
    for (const auto& [fact, name] : spec_->window_facts) {
      check_written(name, fmt::format("'window.{}'", window_fact_key(fact)), seen);
      Column column{name.text, static_cast<NodeId>(graph_.nodes.size()), static_cast<int>(node.outputs.size()),
                    Type::parse("int"), good ? node.domain_out : kNoDomain};
      node.outputs.push_back(write(std::move(column)));
    }
  }

  /// `seen`: the names that the node has given so far.
  void check_written(const YamlNode& name, std::string_view key, std::set<std::string>& seen) {
    if (!seen.insert(name.text).second)
      fault(name.at, key == "'out'" ? fmt::format("'out' names '{}' twice", name.text)
                                    : fmt::format("{} names '{}', which the node gives already", key, name.text));
    if (name.text == "item" || name.text == "error") {
      fault(name.at,
            fmt::format("column '{}' has the name of a field of every result line; choose another", name.text));
    }
  }

  void resolve_outputs() {
    std::set<std::string> seen;
    for (const YamlNode& name : graph_.spec.outputs) {
      if (!seen.insert(name.text).second) {
        faults_.add(name.at, fmt::format("'outputs' names '{}' twice", name.text));
      } else if (const auto found = scope_.read(name.text)) {
        graph_.outputs.push_back(*found);
      } else if (!columns_unknown_) {
        faults_.add(name.at,
                    fmt::format("'outputs': no column '{}'{}", name.text, did_you_mean(name.text, scope_.names())));
        scope_.read_meant(name.text);
      }
    }
  }

  /// The output that is searched must be a vector.
  void check_index(const IndexSpec& index) {
    std::vector<std::string> names;
    for (const YamlNode& output : graph_.spec.outputs) names.push_back(output.text);
    const auto found = std::ranges::find(names, index.vector.text);
    if (found == names.end()) {
      if (columns_unknown_) return;
      faults_.add(index.vector.at, fmt::format("'index.vector': no output '{}'{}", index.vector.text,
                                               instead(index.vector.text, names, "'outputs' names")));
      return;
    }
    // An output at fault is not among the graph's.
    const auto at = static_cast<std::size_t>(found - names.begin());
    if (graph_.outputs.size() != names.size()) return;
    const Column& column = graph_.column(graph_.outputs[at]);
    if (column.domain == kNoDomain || may_be_vector(column.type)) return;
    faults_.add(index.vector.at,
                fmt::format("'index.vector' takes an output that is a vector, tensor<f32>[?], '{}' is {}",
                            index.vector.text, column.type.text()));
  }

  void check_inputs_are_read() {
    // Who reads what is known of a file without other faults only.
    const bool unknown = columns_unknown_ || std::ranges::any_of(graph_.spec.nodes, &NodeSpec::told);
    for (std::size_t i = 0; i < graph_.spec.inputs.size(); ++i) {
      if (unknown || scope_.is_read(static_cast<ColumnId>(i))) continue;
      const InputSpec& input = graph_.spec.inputs[i];
      faults_.add(input.at,
                  fmt::format("input '{}' is not read by any node and is not an output; remove it", input.name));
    }
  }

  void fault(SourcePlace at, const std::string& message) {
    faults_.add(at, fmt::format("node '{}': {}", subject_, message));
  }

  Graph& graph_;
  const OperatorPath& path_;
  Faults faults_;
  Scope scope_;
  const NodeSpec* spec_ = nullptr;  // of the node at work
  std::string subject_;             // its name, for messages; or that of the pipeline that it is part of
  bool columns_unknown_ = false;    // a fault above hides some of the columns
};

}  // namespace

Graph Graph::build(Spec spec, const OperatorPath& path, const Check& check) {
  Graph graph;
  graph.spec = std::move(spec);
  Builder(graph, path).build(check);
  return graph;
}

}  // namespace pipit
