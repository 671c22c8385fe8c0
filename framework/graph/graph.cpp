#include "graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/near.h"
#include "graph/arguments.h"
#include "graph/holds.h"

namespace pipit {
namespace {

constexpr int kNoDomain = -1;  // of a column whose node is wrong; nothing more is said about it

/// Builds a graph node by node, in the file's order, gathering faults.
class Builder {
 public:
  Builder(Graph& graph, const OperatorPath& path) : graph_(graph), path_(path), faults_(std::move(graph.spec.faults)) {}

  void build(const Graph::Check& check) {
    faults_.enter(graph_.spec.place);
    columns_unknown_ = graph_.spec.columns_unknown;
    graph_.domains.push_back({});
    for (const InputSpec& input : graph_.spec.inputs) add_input(input);
    for (const NodeSpec& node : graph_.spec.nodes) {
      spec_ = &node;
      std::ranges::for_each(node.enter, [this](const Alias& alias) { add_alias(alias); });
      add_node(node);
      std::ranges::for_each(node.leave, [this](const Alias& alias) { add_alias(alias); });
    }
    faults_.enter(graph_.spec.place);
    resolve_outputs();
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
    if (input.told) used_.insert(column.port);
    try {
      column.type = Type::parse(input.type);
    } catch (const Error& e) {
      faults_.add(input.line, fmt::format("input '{}': {}", input.name, e.what()));
    }
    write(std::move(column));
  }

  /// From here on, the name means this column.
  int write(Column column) {
    const int index = static_cast<int>(graph_.columns.size());
    latest_[column.name] = index;
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
    const int index = alias.means.constant ? add_constant(alias.means, port) : read(meant);
    if (index < 0) {
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    if (!port.type.accepts(at(index).type)) {
      fault(meant.line, fmt::format("input '{}' takes {}, {} gives {}", alias.name, port.type.text(),
                                    graph_.column_text(index), at(index).type.text()));
      write({alias.name, -1, 0, {}, kNoDomain});
      return;
    }
    latest_[alias.name] = index;
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
    const std::vector<int> read = read_columns(spec.in);
    node.keep = read_kept(spec);
    const bool readable = known && chosen && !spec.told;
    node.good = readable && assign_ports(node, read) && choose_mode(node) && choose_domains(node);
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
  std::vector<int> read_columns(const std::vector<InputRef>& inputs) {
    std::vector<int> columns;
    for (const InputRef& input : inputs) {
      tell_unset(input.unset);
      columns.push_back(input.constant || input.told ? -1 : read(input.column));
    }
    return columns;
  }

  std::vector<int> read_kept(const NodeSpec& spec) {
    std::vector<int> columns;
    for (const YamlNode& name : spec.keep) columns.push_back(read(name));
    std::erase(columns, -1);
    return columns;
  }

  int read(const YamlNode& name) {
    if (const auto found = latest_.find(name.text); found != latest_.end()) {
      used_.insert(found->second);
      return found->second;
    }
    if (columns_unknown_) return -1;
    const auto& nodes = graph_.spec.nodes;
    const auto writer =
        std::find_if(nodes.begin(), nodes.end(), [&](const NodeSpec& n) { return writes(n, name.text); });
    if (writer != nodes.end()) {
      std::vector<std::string> path{spec_->name};
      std::set<std::string> seen;
      if (writer->name == spec_->name || path_back(*writer, path, seen)) {
        std::string cycle = path[0];
        for (auto step = path.rbegin(); step != path.rend(); ++step) cycle += fmt::format(" -> {}", *step);
        fault(name.line, fmt::format("reads '{}', which makes a cycle: {}", name.text, cycle));
      } else {
        fault(name.line,
              fmt::format("reads '{}', which node '{}' gives only below, at line {}; move node '{}' above this one",
                          name.text, writer->name, writer->line, writer->name));
      }
    } else {
      std::vector<std::string> names;
      for (const auto& [known, index] : latest_) names.push_back(known);
      fault(name.line, fmt::format("no column '{}'{}", name.text, did_you_mean(name.text, names)));
      use_meant(name.text);
    }
    return -1;
  }

  /// A column whose name has a slip where it is read is read all the same.
  void use_meant(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [known, index] : latest_) names.push_back(known);
    if (const auto found = latest_.find(near_name(name, names)); found != latest_.end()) used_.insert(found->second);
  }

  static bool writes(const NodeSpec& node, const std::string& name) {
    const auto& names = node.out.empty() && node.has_keep ? node.keep : node.out;
    return std::ranges::any_of(names, [&](const YamlNode& out) { return out.text == name; }) ||
           std::ranges::any_of(node.window_facts, [&](const auto& fact) { return fact.second.text == name; }) ||
           std::ranges::any_of(node.leave, [&](const Alias& alias) { return alias.name == name; });
  }

  /// Whether `node`, or one that it reads from, reads from the node at path[0]; the way there is left in `path`.
  bool path_back(const NodeSpec& node, std::vector<std::string>& path, std::set<std::string>& seen) const {
    if (!seen.insert(node.name).second) return false;
    path.push_back(node.name);
    const auto& nodes = graph_.spec.nodes;
    const auto target = std::ranges::find(nodes, path[0], &NodeSpec::name);
    for (const InputRef& input : node.in) {
      if (!input.constant && writes(*target, input.column.text)) return true;
    }
    for (const InputRef& input : node.in) {
      for (const NodeSpec& writer : nodes) {
        if (!input.constant && writes(writer, input.column.text) && path_back(writer, path, seen)) return true;
      }
    }
    path.pop_back();
    return false;
  }

  bool assign_ports(GraphNode& node, const std::vector<int>& read) {
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
      const int index = input.constant ? add_constant(input, ports[port]) : read[i];
      node.inputs[port] = index;
      if (index < 0) {
        good = false;
      } else if (const Column& column = at(index); !ports[port].type.accepts(column.type)) {
        fault(input.column.line, fmt::format("input '{}' takes {}, {} gives {}", ports[port].name,
                                             ports[port].type.text(), graph_.column_text(index), column.type.text()));
        good = false;
      }
    }
    return good;
  }

  /// A value written in the place of a column: one row an item, as the pipeline's inputs.
  int add_constant(const InputRef& input, const Port& port) {
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
    return static_cast<int>(graph_.columns.size()) - 1;
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
    const auto is_frame = [&](int column) { return at(column).type.kind == Kind::kFrame; };
    if (spec_->window_by) {
      const int column = read(*spec_->window_by);
      if (column < 0) return false;
      const Type& type = at(column).type;
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

  /// The rows that a node works on, and those that it makes.
  bool choose_domains(GraphNode& node) {
    std::vector<int> rows;                      // columns whose rows it works on
    std::vector<std::pair<int, int>> repeated;  // beside a window: port and column that hold one value for it
    const std::vector<Port>& ports = node.ports().inputs;
    const bool collects = node.mode == Mode::kWindow || node.mode == Mode::kReduce;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (collects && ports[i].count == PortCount::kOne) {
        repeated.emplace_back(i, node.inputs[i]);
      } else {
        rows.push_back(node.inputs[i]);
      }
    }
    rows.insert(rows.end(), node.keep.begin(), node.keep.end());
    if (node.by) rows.push_back(*node.by);
    for (int column : rows) {
      if (at(column).domain == kNoDomain) return false;
    }
    const auto deeper = [&](int a, int b) { return depth(at(a).domain) < depth(at(b).domain); };
    const int deepest = *std::max_element(rows.begin(), rows.end(), deeper);
    node.domain_in = at(deepest).domain;
    for (int column : rows) {
      const int domain = at(column).domain;
      if (!graph_.inside(node.domain_in, domain)) return refuse_siblings(column, deepest);
      if (collects && domain != node.domain_in) {
        fault(spec_->line,
              fmt::format("a window takes columns of the same rows; {} has {}, {} has {}", graph_.column_text(deepest),
                          rows_text(node.domain_in), graph_.column_text(column), rows_text(domain)));
        return false;
      }
    }
    node.domain_group = enclosing(node.domain_in);
    node.domain_out = node.domain_in;
    if (collects) {
      for (const auto& [port, column] : repeated) {
        const int domain = at(column).domain;
        if (domain == kNoDomain) return false;
        if (graph_.inside(node.domain_group, domain)) continue;
        if (!graph_.strictly_inside(domain, node.domain_group)) return refuse_siblings(column, deepest);
        fault(spec_->line,
              fmt::format("input '{}' takes one value for all rows together, {} has {}",
                          ports[static_cast<std::size_t>(port)].name, graph_.column_text(column), rows_text(domain)));
        return false;
      }
      node.domain_out = node.domain_group;
      if (node.mode == Mode::kWindow && node.window.kind != WindowSpec::Kind::kAll)
        node.domain_out = open_domain(node.domain_group, false);
    } else if (node.mode == Mode::kFlatMap || node.mode == Mode::kFilter) {
      // An operator with a memory of earlier rows may emit at the end, when no row is at hand: what it gives are rows
      // of their own, beside those that it takes. A filter's rows and a stateless flat map's lie inside the rows that
      // they came from.
      const bool beside = node.mode == Mode::kFlatMap && node.op.signature.per_item;
      node.domain_out = open_domain(beside ? node.domain_group : node.domain_in, node.mode == Mode::kFilter);
    }
    return true;
  }

  int open_domain(int parent, bool selection) {
    graph_.domains.push_back({parent, depth(parent) + 1, spec_->name, selection});
    return static_cast<int>(graph_.domains.size()) - 1;
  }

  /// The rows that collecting the rows of a domain returns to. What a filter kept is collected as all of the rows would
  /// be, not for each row that the filter read.
  int enclosing(int domain) const {
    const auto of = [this](int d) -> const Domain& { return graph_.domains[static_cast<std::size_t>(d)]; };
    while (of(domain).selection) domain = of(domain).parent;
    return std::max(of(domain).parent, 0);
  }

  bool refuse_siblings(int a, int b) {
    fault(spec_->line,
          fmt::format(
              "cannot join {} ({}) with {} ({}): neither's rows lie inside the other's; collect one of them first",
              graph_.column_text(a), rows_text(at(a).domain), graph_.column_text(b), rows_text(at(b).domain)));
    return false;
  }

  std::string rows_text(int domain) const {
    const Domain& d = graph_.domains[static_cast<std::size_t>(domain)];
    return d.opened_by.empty() ? "one row an item" : fmt::format("the rows of '{}'", d.opened_by);
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
      Column column{names[i].text, static_cast<int>(graph_.nodes.size()), static_cast<int>(i), {}, kNoDomain};
      if (good && i < expected) {
        column.type = filter ? at(node.keep[i]).type : node.ports().outputs[i].type;
        column.domain = node.domain_out;
      }
      node.outputs.push_back(write(std::move(column)));
    }
    for (const auto& [fact, name] : spec_->window_facts) {
      check_written(name, fmt::format("'window.{}'", window_fact_key(fact)), seen);
      Column column{name.text, static_cast<int>(graph_.nodes.size()), static_cast<int>(node.outputs.size()),
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
      const auto found = latest_.find(name.text);
      if (!seen.insert(name.text).second) {
        faults_.add(name.line, fmt::format("'outputs' names '{}' twice", name.text));
      } else if (found != latest_.end()) {
        used_.insert(found->second);
        graph_.outputs.push_back(found->second);
      } else if (!columns_unknown_) {
        std::vector<std::string> names;
        for (const auto& [known, index] : latest_) names.push_back(known);
        faults_.add(name.line, fmt::format("'outputs': no column '{}'{}", name.text, did_you_mean(name.text, names)));
        use_meant(name.text);
      }
    }
  }

  void check_uses() {
    // Who reads what is known of a file without other faults only.
    const bool unknown = columns_unknown_ || std::ranges::any_of(graph_.spec.nodes, &NodeSpec::told);
    for (std::size_t i = 0; i < graph_.spec.inputs.size(); ++i) {
      if (unknown || used_.contains(static_cast<int>(i))) continue;
      const InputSpec& input = graph_.spec.inputs[i];
      faults_.add(input.line, fmt::format("input '{}' is read by no node and is no output; remove it", input.name));
    }
    for (const GraphNode& node : graph_.nodes) {
      const bool used =
          node.outputs.empty() || std::ranges::any_of(node.outputs, [&](int column) { return used_.contains(column); });
      if (used) continue;
      const NodeSpec& spec = graph_.spec.nodes[static_cast<std::size_t>(&node - graph_.nodes.data())];
      graph_.warnings.push_back(
          fmt::format("{}:{}: node '{}': nothing reads what it gives", spec.place, spec.line, spec.name));
    }
  }

  /// An operator that uses fewer rows of a window than are given for it drops the rest: worth a word before the run.
  void warn_of_dropped_rows() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const auto [limit, most] = number_of(graph_.nodes[i], ArgumentRole::kRowsUsed);
      if (limit == nullptr) continue;
      for (int input : graph_.nodes[i].inputs) {
        const int producer = at(input).producer;
        if (producer < 0) continue;
        const auto [amount, rows] =
            number_of(graph_.nodes[static_cast<std::size_t>(producer)], ArgumentRole::kRowsGiven);
        if (amount == nullptr || rows <= most) continue;
        const NodeSpec& spec = graph_.spec.nodes[i];
        graph_.warnings.push_back(
            fmt::format("{}:{}: node '{}': takes at most {} rows ('{}'), '{}' gives {} ('{}'); the rest are dropped",
                        spec.place, spec.line, spec.name, most, limit->name,
                        graph_.spec.nodes[static_cast<std::size_t>(producer)].name, rows, amount->name));
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

  const Column& at(int column) const { return graph_.columns[static_cast<std::size_t>(column)]; }
  int depth(int domain) const { return graph_.domains[static_cast<std::size_t>(domain)].depth; }
  static std::string counted(std::size_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
  }
  void fault(int line, const std::string& message) {
    faults_.add(line, fmt::format("node '{}': {}", subject_, message));
  }

  Graph& graph_;
  const OperatorPath& path_;
  Faults faults_;
  const NodeSpec* spec_ = nullptr;     // of the node at work
  std::string subject_;                // its name, for messages; or that of the pipeline that it is part of
  std::map<std::string, int> latest_;  // the column that a name means
  std::set<int> used_;
  bool columns_unknown_ = false;  // a fault above hides some of the columns
};

}  // namespace

std::string_view mode_name(Mode mode) {
  constexpr std::string_view kNames[] = {"map", "flat map", "filter", "window", "reduce"};
  return kNames[static_cast<int>(mode)];
}

Graph Graph::build(Spec spec, const OperatorPath& path, const Check& check) {
  Graph graph;
  graph.spec = std::move(spec);
  Builder(graph, path).build(check);
  return graph;
}

std::vector<int> Graph::read_by(const GraphNode& node) const {
  std::vector<int> read = node.inputs;
  read.insert(read.end(), node.keep.begin(), node.keep.end());
  if (node.by) read.push_back(*node.by);
  return read;
}

const Value* Graph::constant_at(int column) const {
  const Column& c = columns[static_cast<std::size_t>(column)];
  const auto position = static_cast<std::size_t>(c.port);
  return c.producer < 0 && position >= spec.inputs.size() ? &constants[position - spec.inputs.size()] : nullptr;
}

std::string Graph::column_text(int column) const {
  const Column& c = columns[static_cast<std::size_t>(column)];
  if (constant_at(column) != nullptr) return "the constant";
  if (c.producer < 0) return fmt::format("'{}'", c.name);
  return fmt::format("'{}.{}'", spec.nodes[static_cast<std::size_t>(c.producer)].name, c.name);
}

bool Graph::inside(int domain, int ancestor) const {
  for (; domain >= 0; domain = domains[static_cast<std::size_t>(domain)].parent) {
    if (domain == ancestor) return true;
  }
  return false;
}

}  // namespace pipit
