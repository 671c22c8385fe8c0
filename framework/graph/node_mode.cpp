#include "graph/node_mode.h"

#include <fmt/format.h>

#include <algorithm>

namespace pipit {
namespace {

class ModeChoice {
 public:
  using Read = std::function<ColumnId(const YamlNode& name)>;

  ModeChoice(const Graph& graph, GraphNode& node, const NodeSpec& spec, const Read& read, const FaultSink& fault)
      : graph_(graph), node_(node), spec_(spec), read_(read), fault_(fault) {}

  bool choose() {
    node_.mode = mode();
    return choose_window() && (!spec_.has_keep || check_filter());
  }

 private:
  Mode mode() const {
    const auto has = [](const std::vector<Port>& ports, PortCount count) {
      return std::ranges::any_of(ports, [count](const Port& p) { return p.count == count; });
    };
    const Variant& ports = node_.ports();
    if (has(ports.inputs, PortCount::kMany)) return Mode::kWindow;
    if (has(ports.inputs, PortCount::kReduce)) return Mode::kReduce;
    if (has(ports.outputs, PortCount::kMany)) return Mode::kFlatMap;
    return spec_.has_keep ? Mode::kFilter : Mode::kMap;
  }

  bool choose_window() {
    if (spec_.window && node_.mode != Mode::kWindow) {
      return refuse("window",
                    fmt::format("'window' needs an operator with a window input, '{}' works row by row", spec_.op));
    }
    node_.window = spec_.window.value_or(WindowSpec{});
    for (const auto& [fact, column] : spec_.window_facts) node_.facts.push_back(fact);
    if (wants_times()) return spec_.window_by ? read_times(*spec_.window_by) : find_times();
    if (!spec_.window_by) return true;
    fault_(spec_.window_by->at, "'window.by' serves windows by time, 'start' and 'end'; remove it");
    return false;
  }

  bool check_filter() const {
    const std::vector<Port>& given = node_.ports().outputs;
    if (node_.mode != Mode::kFilter || given.size() != 1 || given[0].type.kind != Kind::kBool) {
      return refuse("keep", fmt::format("'keep' makes a filter and needs an operator that gives one bool a row, '{}' "
                                        "does not",
                                        spec_.op));
    }
    return !node_.keep.empty() || refuse("keep", "'keep' must name the columns that the filter keeps");
  }

  bool wants_times() const {
    return node_.window.kind == WindowSpec::Kind::kTime ||
           std::ranges::any_of(node_.facts, [](WindowFact fact) { return fact != WindowFact::kRows; });
  }

  /// The column that says when a window's rows are: of numbers (milliseconds), or of frames.
  bool read_times(const YamlNode& by) {
    const ColumnId column = read_(by);
    if (column < 0) return false;
    const Type& type = graph_.column(column).type;
    if (type.kind && type.kind != Kind::kInt && type.kind != Kind::kFloat && type.kind != Kind::kFrame) {
      fault_(by.at, fmt::format("'window.by' takes times in ms (int, float) or frames, {} gives {}",
                                graph_.column_text(column), type.text()));
      return false;
    }
    node_.by = column;
    return true;
  }

  /// Frames have their times with them.
  bool find_times() {
    for (std::size_t i = 0; i < node_.inputs.size() && !node_.by; ++i) {
      const bool frames = graph_.column(node_.inputs[i]).type.kind == Kind::kFrame;
      if (frames && node_.ports().inputs[i].count == PortCount::kMany) node_.by = node_.inputs[i];
    }
    if (node_.by) return true;
    return refuse("window",
                  node_.window.kind == WindowSpec::Kind::kTime
                      ? "'window' by time reads no frames; name a column of times in ms, {seconds: …, by: COLUMN}"
                      : "'window' with 'start' or 'end' reads no frames; name a column of times in ms, "
                        "{…, by: COLUMN}");
  }

  bool refuse(std::string_view key, const std::string& message) const {
    fault_(spec_.part(key), message);
    return false;
  }

  const Graph& graph_;
  GraphNode& node_;
  const NodeSpec& spec_;
  const Read& read_;
  const FaultSink& fault_;
};

}  // namespace

bool choose_mode(const Graph& graph, GraphNode& node, const NodeSpec& spec,
                 const std::function<ColumnId(const YamlNode& name)>& read, const FaultSink& fault) {
  return ModeChoice(graph, node, spec, read, fault).choose();
}

}  // namespace pipit
