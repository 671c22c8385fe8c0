#include "runtime/running_node.h"

#include <fmt/format.h>

#include <chrono>

#include "graph/arguments.h"
#include "graph/spaces.h"
#include "module/foreign_code.h"
#include "module/function_operator.h"
#include "module/libtorch.h"

namespace pipit {
namespace {

std::string place_of(const Graph& graph, std::size_t node) {
  const NodeSpec& spec = graph.spec.nodes[node];
  return fmt::format("{}:{}: node '{}': ", spec.place, spec.at.line, spec.name);
}

IsolationLimits limits_of(const IsolateSpec& isolate) {
  return {std::int64_t{isolate.memory_mib} << 20,
          std::chrono::milliseconds(static_cast<std::int64_t>(isolate.seconds * 1000))};
}

void check_opening(const Options& options) {
  if (options.cancel_opening && options.cancel_opening()) throw Error("cancelled", "opening was cancelled");
}

void load_modules(const Plan& plan, const Options& options, std::vector<RunningNode>& nodes) {
  std::string faults;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    try {
      check_opening(options);
      const OperatorDescription& op = plan.graph.nodes[i].op;
      const std::string place = place_of(plan.graph, i);
      const ForeignCode code({place.c_str(), op.name.c_str(), "while it was loaded"});
      if (const auto& isolate = plan.graph.spec.nodes[i].isolate) {
        nodes[i].isolated = std::make_unique<IsolatedOperator>(op, limits_of(*isolate));
        nodes[i].module = &nodes[i].isolated->module();
        continue;
      }
      nodes[i].module = op.own ? &op.own->module() : &OperatorModule::load(op.file);
      // LibTorch remembers whether there is CUDA from the first time that anything asks.
      if (nodes[i].module->note.libtorch != "none" && asks_for_cuda(op.signature, plan.graph.nodes[i].arguments)) {
        open_libtorch_cuda();
      }
    } catch (const Error& e) {
      if (e.code() == "cancelled") throw;
      faults += fmt::format("{}{}{}", faults.empty() ? "" : "\n", place_of(plan.graph, i), e.what());
    }
  }
  if (!faults.empty()) throw Error("invalid_pipeline", faults);
}

void construct(const Plan& plan, const Options& options, std::vector<RunningNode>& nodes) {
  std::string faults;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    RunningNode& node = nodes[i];
    node.monitor = std::make_unique<RecordingMonitor>(place_of(plan.graph, i), options.on_warning);
    node.context = {plan.graph.spec.nodes[i].name,
                    plan.nodes[i].threads,
                    node.monitor.get(),
                    plan.graph.nodes[i].op.own.get(),
                    place_of(plan.graph, i),
                    plan.graph.nodes[i].op.name,
                    node.isolated.get()};
    try {
      for (std::uint32_t r = 0; r < plan.nodes[i].replicas; ++r) {
        check_opening(options);
        node.instances.push_back(
            std::make_unique<OperatorInstance>(*node.module->table, plan.graph.nodes[i].arguments, node.context));
      }
      node.facts = node.instances.front()->report();
    } catch (const Error& e) {
      if (e.code() == "cancelled") throw;
      faults += fmt::format("{}{}{}", faults.empty() ? "" : "\n", place_of(plan.graph, i), e.what());
    }
  }
  if (!faults.empty()) throw Error("invalid_pipeline", faults);
}

/// Asks every node for the space of its vectors: where vectors will be kept, or a node takes those of one space only.
void ask_spaces(const Plan& plan, const Options& options, std::vector<RunningNode>& nodes) {
  std::vector<std::string> taken;
  bool wanted = options.spaces;
  std::string faults;
  const auto ask = [&](std::size_t i, const auto& question) {
    try {
      check_opening(options);
      question(*nodes[i].instances.front());
    } catch (const Error& e) {
      if (e.code() == "cancelled") throw;
      faults += fmt::format("{}{}{}", faults.empty() ? "" : "\n", place_of(plan.graph, i), e.what());
    }
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::string& takes = taken.emplace_back();
    ask(i, [&](const OperatorInstance& op) { takes = op.takes_space(); });
    wanted = wanted || !takes.empty();
  }
  std::vector<std::string> spaces(nodes.size());
  for (std::size_t i = 0; wanted && i < nodes.size(); ++i) {
    ask(i, [&](const OperatorInstance& op) { nodes[i].space = spaces[i] = op.space(); });
  }
  for (std::size_t i = 0; faults.empty() && i < nodes.size(); ++i) {
    if (taken[i].empty()) continue;
    for (const ColumnId input : plan.graph.nodes[i].inputs) {
      const std::string given = space_of(plan.graph, input, spaces).name;
      if (given.empty() || given == taken[i]) continue;
      throw Error("invalid_pipeline",
                  fmt::format("{}takes vectors of space '{}', {} gives those of '{}'", place_of(plan.graph, i),
                              taken[i], plan.graph.column_text(input), given));
    }
  }
  if (!faults.empty()) throw Error("invalid_pipeline", faults);
}

/// Types that only weights can tell are known now: checks that they still fit.
void refine_types(Graph& graph, const std::vector<RunningNode>& nodes) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    for (std::size_t port = 0; port < node.inputs.size(); ++port) {
      const Port& wanted = node.ports().inputs[port];
      const Type& found = graph.column(node.inputs[port]).type;
      if (!wanted.type.accepts(found)) {
        throw Error("invalid_pipeline",
                    fmt::format("{}input '{}' takes {}, {} gives {}", place_of(graph, i), wanted.name,
                                wanted.type.text(), graph.column_text(node.inputs[port]), found.text()));
      }
    }
    if (node.mode == Mode::kFilter) {
      for (std::size_t k = 0; k < node.keep.size(); ++k) {
        graph.column(node.outputs[k]).type = graph.column(node.keep[k]).type;
      }
      continue;
    }
    for (std::size_t port = 0; port + node.facts.size() < node.outputs.size(); ++port) {
      const std::string type = nodes[i].instances.front()->output_type(static_cast<std::uint32_t>(port));
      if (type.empty()) continue;
      try {
        graph.column(node.outputs[port]).type = Type::parse(type);
      } catch (const Error& e) {
        throw Error("invalid_pipeline",
                    fmt::format("{}output '{}': {}", place_of(graph, i), node.ports().outputs[port].name, e.what()));
      }
    }
  }
}

}  // namespace

std::vector<RunningNode> construct_nodes(Plan& plan, const Options& options) {
  std::vector<RunningNode> nodes(plan.nodes.size());
  load_modules(plan, options, nodes);
  construct(plan, options, nodes);
  refine_types(plan.graph, nodes);
  ask_spaces(plan, options, nodes);
  return nodes;
}

NodeStats RunningNode::stats() const {
  NodeStats stats;
  stats.name = context.node;
  stats.op = context.op;
  const auto seconds = [](std::int64_t ns) { return static_cast<double>(ns) * 1e-9; };
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  for (const auto& worker : workers) {
    const WorkerStats& w = worker->stats();
    stats.items += w.items;
    stats.rows_in += w.rows_in;
    stats.rows_out += w.rows_out;
    stats.calls += w.calls;
    if (const std::int64_t began = w.call_began; began != 0) {
      stats.in_call_s = std::max(stats.in_call_s, seconds(now - began));
    }
    stats.failed += w.failed;
    stats.busy_s += seconds(w.busy_ns);
    stats.waiting_s += seconds(w.waiting_ns);
    stats.blocked_s += seconds(w.blocked_ns);
  }
  stats.counters = monitor->counters();
  if (facts.kind() == Kind::kMap) {
    for (std::size_t f = 0; f < facts.map_size(); ++f) {
      const auto [name, value] = facts.map_at(f);
      stats.facts.emplace_back(name, value);
    }
  }
  if (!space.empty()) stats.facts.emplace_back("space", space);
  return stats;
}

}  // namespace pipit
