#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/near.h"
#include "graph/arguments.h"
#include "graph/graph.h"
#include "graph/holds.h"
#include "graph/index_queries.h"
#include "graph/node_domains.h"
#include "graph/scope.h"

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
    check_uses();
    find_holds(graph_, faults_);
    faults_.enter(graph_.spec.place);
    if (check) check(graph_, faults_);
    faults_.raise();
    warn_of_dropped_rows();
  }

 private:
  void add_input(const InputSpec& input) {
    Column column{input.name, -1, static_cast<int>(graph_.columns.size()), {}, 0};
    if (input.told) scope_.mark_read(column.port);
    try {
      column.type = Type::parse(input.type);
    } catch (const Error& e) {
      faults_.add(input.line, fmt::format("input '{}': {}", input.name, e.what()));
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
      fault(meant.line, fmt::format("input '{}': {}", alias.name, e.what()));
    }
    tell_unset(alias.means.unset);
    if (alias.means.told) {
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    const ColumnId index = alias.means.constant ? add_constant(alias.means, port) : read(meant);
    if (index < 0) {
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    if (!port.type.accepts(graph_.column(index).type)) {
      fault(meant.line, fmt::format("input '{}' takes {}, {} gives {}", alias.name, port.type.text(),
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
      const ArgumentFaults tell{[&](int line, const std::string& message) { fault(line, message); },
                                [&](const UnsetVariable& variable) { tell_unset({variable}); }};
      node.arguments = bind_arguments(node.op.signature, spec, spec.folder, tell);
      chosen = choose_variant(node);
    } else {
      for (const ArgumentSpec& argument : spec.args) tell_unset(argument.unset);
    }
    const std::vector<ColumnId> read = read_columns(spec.in);
    node.keep = read_kept(spec);
    const bool readable = known && chosen && !spec.told;
    node.good = readable && assign_ports(node, read) && choose_mode(node) && choose_rows(node);
    write_outputs(node, node.good);
    if (!node.good) {
      node.inputs.clear();
      node.keep.clear();
      node.by.reset();
    }
    columns_unknown_ = columns_unknown_ || spec.columns_unknown;
    graph_.nodes.push_back(std::move(node));
  }

  /// What is not set matters here: a value of this node needs it.
  void tell_unset(const std::vector<UnsetVariable>& variables) {
    const std::string here = faults_.place();
    for (const UnsetVariable& variable : variables) {
      if (graph_.spec.unset_is_warning) {
        const std::string text = fmt::format("{}:{}: {}", variable.place, variable.line, variable.message);
        if (std::ranges::find(graph_.warnings, text) == graph_.warnings.end()) graph_.warnings.push_back(text);
      } else {
        faults_.enter(variable.place);
        faults_.add(variable.line, variable.message);
      }
    }
    faults_.enter(here);
  }

  bool find_operator(const NodeSpec& spec, GraphNode& node) {
    try {
      node.op = path_.describe(spec.op);
      return true;
    } catch (const Error& e) {
      // The name is the whole fault; which node asked for it is told by the line.
      faults_.add(spec.op_line, e.what());
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
      fault(argument.value.line,
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
      fault(name.line, fmt::format("no column '{}'{}", name.text, did_you_mean(name.text, scope_.names())));
      scope_.read_meant(name.text);
    } else if (const std::string cycle = scope_.cycle(*writer, spec_->name); !cycle.empty()) {
      fault(name.line, fmt::format("reads '{}', which makes a cycle: {}", name.text, cycle));
    } else {
      fault(name.line,
            fmt::format("reads '{}', which node '{}' gives only below, at line {}; move node '{}' above this one",
                        name.text, writer->name, writer->line, writer->name));
    }
    return -1;
  }

  bool assign_ports(GraphNode& node, const std::vector<ColumnId>& read) {
    const std::vector<Port>& ports = node.ports().inputs;
    std::vector<std::string> names;
    for (const Port& port : ports) names.push_back(port.name);
    node.inputs.assign(ports.size(), -1);
    if (read.size() != ports.size()) {
      fault(spec_->line,
            fmt::format("operator '{}' takes {} ({}), 'in' gives {}", spec_->op, counted(ports.size(), "column"),
                        quoted_list(names), read.empty() ? "none" : std::to_string(read.size())));
      return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < read.size(); ++i) {
      const InputRef& input = spec_->in[i];
      std::size_t port = i;
      if (!input.port.empty()) {
        port = static_cast<std::size_t>(std::ranges::find(names, input.port) - names.begin());
        if (port == names.size()) {
          fault(input.column.line, fmt::format("operator '{}' has no input '{}'{}", spec_->op, input.port,
                                               instead(input.port, names, "it has")));
          good = false;
          continue;
        }
      }
      const ColumnId index = input.constant ? add_constant(input, ports[port]) : read[i];
      node.inputs[port] = index;
      if (index < 0) {
        good = false;
      } else if (const Column& column = graph_.column(index); !ports[port].type.accepts(column.type)) {
        fault(input.column.line, fmt::format("input '{}' takes {}, {} gives {}", ports[port].name,
                                             ports[port].type.text(), graph_.column_text(index), column.type.text()));
        good = false;
      }
    }
    return good;
  }

  /// A value written in the place of a column: one row an item, as the pipeline's inputs.
  ColumnId add_constant(const InputRef& input, const Port& port) {
    if (input.told) return -1;
    const YamlNode& written = input.column;
    Value value = widened(to_value(written), port.type);
    if (input.unset.empty() && !port.type.holds(value)) {
      fault(written.line,
            fmt::format("input '{}' takes {}, the constant is {}", port.name, port.type.text(), type_of(value)));
      return -1;
    }
    const auto position = static_cast<int>(graph_.spec.inputs.size() + graph_.constants.size());
    const Type type = input.unset.empty() ? Type::parse(type_of(value)) : Type{};
    graph_.columns.push_back({"constant", -1, position, type, 0});
    graph_.constants.push_back(std::move(value));
    return static_cast<ColumnId>(graph_.columns.size()) - 1;
  }

  /// Whole numbers serve where floats are wanted.
  static Value widened(Value value, const Type& type) {
    if (type.kind == Kind::kFloat && value.kind() == Kind::kInt) return value.number();
    if (type.kind != Kind::kList || value.kind() != Kind::kList || type.item == nullptr) return value;
    std::vector<Value> items;
    for (const Value& item : value.list()) items.push_back(widened(item, *type.item));
    return Value::list(std::move(items));
  }

  bool choose_mode(GraphNode& node) {
    const auto has = [](const std::vector<Port>& ports, PortCount count) {
      return std::ranges::any_of(ports, [count](const Port& p) { return p.count == count; });
    };
    const Variant& ports = node.ports();
    if (has(ports.inputs, PortCount::kMany)) {
      node.mode = Mode::kWindow;
    } else if (has(ports.inputs, PortCount::kReduce)) {
      node.mode = Mode::kReduce;
    } else if (has(ports.outputs, PortCount::kMany)) {
      node.mode = Mode::kFlatMap;
    } else if (spec_->has_keep) {
      node.mode = Mode::kFilter;
    }
    if (spec_->window && node.mode != Mode::kWindow) {
      fault(spec_->line,
            fmt::format("'window' needs an operator with a window input, '{}' works row by row", spec_->op));
      return false;
    }
    node.window = spec_->window.value_or(WindowSpec{});
    for (const auto& [fact, column] : spec_->window_facts) node.facts.push_back(fact);
    if (wants_times(node)) {
      if (!choose_times(node)) return false;
    } else if (spec_->window_by) {
      fault(spec_->window_by->line, "'window.by' serves windows by time, 'start' and 'end'; remove it");
      return false;
    }
    if (!spec_->has_keep) return true;
    const bool predicate =
        node.mode == Mode::kFilter && ports.outputs.size() == 1 && ports.outputs[0].type.kind == Kind::kBool;
    if (!predicate) {
      fault(spec_->line,
            fmt::format("'keep' makes a filter and needs an operator that gives one bool a row, '{}' does not",
                        spec_->op));
    } else if (node.keep.empty()) {
      fault(spec_->line, "'keep' must name the columns that the filter keeps");
    }
    return predicate && !node.keep.empty();
  }

  static bool wants_times(const GraphNode& node) {
    return node.window.kind == WindowSpec::Kind::kTime ||
           std::ranges::any_of(node.facts, [](WindowFact fact) { return fact != WindowFact::kRows; });
  }

  /// The column that says when a window's rows are: of numbers (milliseconds), or of frames.
  bool choose_times(GraphNode& node) {
    const auto is_frame = [&](ColumnId column) { return graph_.column(column).type.kind == Kind::kFrame; };
    if (spec_->window_by) {
      const ColumnId column = read(*spec_->window_by);
      if (column < 0) return false;
      const Type& type = graph_.column(column).type;
      if (type.kind && type.kind != Kind::kInt && type.kind != Kind::kFloat && !is_frame(column)) {
        fault(spec_->window_by->line, fmt::format("'window.by' takes times in ms (int, float) or frames, {} gives {}",
                                                  graph_.column_text(column), type.text()));
        return false;
      }
      node.by = column;
      return true;
    }
    for (std::size_t i = 0; i < node.inputs.size() && !node.by; ++i) {
      if (node.ports().inputs[i].count == PortCount::kMany && is_frame(node.inputs[i])) node.by = node.inputs[i];
    }
    if (!node.by) {
      fault(spec_->line,
            node.window.kind == WindowSpec::Kind::kTime
                ? "'window' by time reads no frames; name a column of times in ms, {seconds: …, by: COLUMN}"
                : "'window' with 'start' or 'end' reads no frames; name a column of times in ms, {…, by: COLUMN}");
    }
    return node.by.has_value();
  }

  bool choose_rows(GraphNode& node) {
    return choose_domains(graph_, node, spec_->name, [&](const std::string& message) { fault(spec_->line, message); });
  }

  void write_outputs(GraphNode& node, bool good) {
    const bool filter = spec_->has_keep;
    const auto& names = spec_->out.empty() && filter ? spec_->keep : spec_->out;
    const std::size_t expected = filter ? node.keep.size() : good ? node.ports().outputs.size() : names.size();
    if (good && names.size() != expected) {
      std::vector<std::string> ports;
      for (const Port& port : node.ports().outputs) ports.push_back(port.name);
      fault(spec_->line,
            filter ? fmt::format("'keep' names {}, 'out' names {}", expected, names.size())
                   : fmt::format("operator '{}' gives {} ({}), 'out' names {}", spec_->op, counted(expected, "column"),
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
      fault(name.line, key == "'out'" ? fmt::format("'out' names '{}' twice", name.text)
                                      : fmt::format("{} names '{}', which the node gives already", key, name.text));
    if (name.text == "item" || name.text == "error") {
      fault(name.line,
            fmt::format("column '{}' has the name of a field of every result line; choose another", name.text));
    }
  }

  void resolve_outputs() {
    std::set<std::string> seen;
    for (const YamlNode& name : graph_.spec.outputs) {
      if (!seen.insert(name.text).second) {
        faults_.add(name.line, fmt::format("'outputs' names '{}' twice", name.text));
      } else if (const auto found = scope_.read(name.text)) {
        graph_.outputs.push_back(*found);
      } else if (!columns_unknown_) {
        faults_.add(name.line,
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
      faults_.add(index.vector.line, fmt::format("'index.vector': no output '{}'{}", index.vector.text,
                                                 instead(index.vector.text, names, "'outputs' names")));
      return;
    }
    // An output at fault is not among the graph's.
    const auto at = static_cast<std::size_t>(found - names.begin());
    if (graph_.outputs.size() != names.size()) return;
    const Column& column = graph_.column(graph_.outputs[at]);
    if (column.domain == kNoDomain || may_be_vector(column.type)) return;
    faults_.add(index.vector.line,
                fmt::format("'index.vector' takes an output that is a vector, tensor<f32>[?], '{}' is "
                            "{}",
                            index.vector.text, column.type.text()));
  }

  void check_uses() {
    // Who reads what is known of a file without other faults only.
    const bool unknown = columns_unknown_ || std::ranges::any_of(graph_.spec.nodes, &NodeSpec::told);
    for (std::size_t i = 0; i < graph_.spec.inputs.size(); ++i) {
      if (unknown || scope_.is_read(static_cast<ColumnId>(i))) continue;
      const InputSpec& input = graph_.spec.inputs[i];
      faults_.add(input.line, fmt::format("input '{}' is read by no node and is no output; remove it", input.name));
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const GraphNode& node = graph_.nodes[i];
      const bool used = node.outputs.empty() ||
                        std::ranges::any_of(node.outputs, [&](ColumnId column) { return scope_.is_read(column); });
      if (used) continue;
      const NodeSpec& spec = graph_.spec.nodes[i];
      graph_.warnings.push_back(
          fmt::format("{}:{}: node '{}': nothing reads what it gives", spec.place, spec.line, spec.name));
    }
  }

  /// An operator that uses fewer rows of a window than are given for it drops the rest: worth a word before the run.
  void warn_of_dropped_rows() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const auto [limit, most] = number_of(graph_.nodes[i], ArgumentRole::kRowsUsed);
      if (limit == nullptr) continue;
      for (ColumnId input : graph_.nodes[i].inputs) {
        const NodeId producer = graph_.column(input).producer;
        if (producer < 0) continue;
        const auto [amount, rows] = number_of(graph_.node(producer), ArgumentRole::kRowsGiven);
        if (amount == nullptr || rows <= most) continue;
        const NodeSpec& spec = graph_.spec.nodes[i];
        graph_.warnings.push_back(fmt::format(
            "{}:{}: node '{}': takes at most {} rows ('{}'), '{}' gives {} ('{}'); the rest are dropped", spec.place,
            spec.line, spec.name, most, limit->name, graph_.spec_of(producer).name, rows, amount->name));
      }
    }
  }

  /// The argument of a role and its value, where it is known to be an int.
  static std::pair<const Argument*, std::int64_t> number_of(const GraphNode& node, ArgumentRole role) {
    for (const Argument& argument : node.op.signature.arguments) {
      if (argument.role != role) continue;
      const Value value = node.arguments.get(argument.name);
      if (value.kind() == Kind::kInt) return {&argument, value.integer()};
    }
    return {nullptr, 0};
  }

  static std::string counted(std::size_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
  }
  void fault(int line, const std::string& message) {
    faults_.add(line, fmt::format("node '{}': {}", subject_, message));
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
