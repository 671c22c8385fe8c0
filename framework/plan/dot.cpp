#include "plan/dot.h"

#include <fmt/format.h>

#include <vector>

namespace pipit {
namespace {

/// Lines as one text of Graphviz's language, with its sign for a line break between them.
std::string text_of(const std::vector<std::string>& lines) {
  std::string out = "\"";
  for (const std::string& line : lines) {
    if (out.size() > 1) out += "\\n";
    for (char c : line) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

class Picture {
 public:
  explicit Picture(const Plan& plan) : plan_(plan), graph_(plan.graph) {}

  std::string draw() {
    text_ = fmt::format("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", text_of({graph_.spec.name}));
    text_ += "  inputs [shape=ellipse];\n  outputs [shape=ellipse];\n" + nodes_of(0, "  ");
    for (const PlanEdge& edge : plan_.edges) draw_edge(edge);
    for (ColumnId column : graph_.outputs) {
      const Column& c = graph_.column(column);
      text_ += fmt::format("  {} -> outputs [label={}];\n", id(c.producer), text_of({c.name}));
    }
    return text_ + "}\n";
  }

 private:
  std::string id(NodeId node) const { return node < 0 ? "inputs" : fmt::format("n{}", node); }

  /// The nodes that give rows of a domain, and framed inside it those of the domains that they open.
  std::string nodes_of(DomainId domain, const std::string& indent) const {
    std::string text;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].domain_out == domain) text += indent + node_text(i);
    }
    for (DomainId d = 1; d < static_cast<DomainId>(graph_.domains.size()); ++d) {
      if (graph_.domain(d).parent != domain) continue;
      const std::string inside = nodes_of(d, indent + "  ");
      if (inside.empty()) continue;
      const std::string title = fmt::format("rows of '{}'", graph_.domain(d).opened_by);
      text +=
          fmt::format("{0}subgraph cluster_{1} {{\n{0}  label={2};\n{3}{0}}}\n", indent, d, text_of({title}), inside);
    }
    return text;
  }

  std::string node_text(std::size_t i) const {
    const GraphNode& node = graph_.nodes[i];
    const PlanNode& planned = plan_.nodes[i];
    std::vector<std::string> lines{graph_.spec.nodes[i].name, node.op.name, std::string(mode_name(node.mode))};
    if (planned.replicas > 1) lines.back() += fmt::format(", {} replicas", planned.replicas);
    for (const PushedDown& pushed : plan_.pushed_down) {
      if (pushed.into == lines.front()) lines.push_back(fmt::format("in place of '{}'", pushed.moved));
    }
    return fmt::format("{} [label={}];\n", id(static_cast<NodeId>(i)), text_of(lines));
  }

  void draw_edge(const PlanEdge& edge) {
    std::string columns;
    for (ColumnId column : edge.columns) {
      if (!columns.empty()) columns += ", ";
      columns += graph_.column(column).name;
    }
    text_ += fmt::format("  {} -> {} [label={}{}];\n", id(edge.producer), id(edge.consumer), text_of({columns}),
                         edge.hold ? ", style=dashed" : "");
  }

  const Plan& plan_;
  const Graph& graph_;
  std::string text_;
};

}  // namespace

std::string dot(const Plan& plan) {
  return Picture(plan).draw();
}

}  // namespace pipit
