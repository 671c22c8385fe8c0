// What runs where: replicas, batches, threads, queues. Follows from a graph and a budget; nothing runs yet.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "plan/pushdown.h"

namespace pipit {

inline constexpr double kMib = 1024.0 * 1024.0;  // bytes

using EdgeId = int;

/// The columns that one node reads from one producer, through one queue for each pair of replicas.
struct PlanEdge {
  NodeId producer = -1;  // -1: the pipeline's inputs
  NodeId consumer = 0;
  std::vector<ColumnId> columns;
  DomainId domain = kItemDomain;
  std::uint32_t queue_rows = 0;
  std::size_t queue_bytes = 0;
  // Depth of the outer domain, for a queue that must hold all rows inside one of its rows. Overflowing it fails the
  // item, since waiting for room could wait for ever.
  std::optional<std::uint32_t> hold;
};

/// The rows of one call.
struct PlanBatch {
  std::uint32_t rows = 0;             // at most; 0: any number
  bool across_items = false;          // rows (or whole windows) of several items
  std::chrono::microseconds wait{0};  // for more of them, when there are fewer
};

struct PlanNode {
  std::uint32_t replicas = 1;
  std::uint32_t threads = 0;  // for each replica; 0: leave the libraries' settings as they are
  PlanBatch batch;
  std::size_t window_bytes = 0;
  std::vector<EdgeId> in;
  std::vector<EdgeId> out;
};

struct Plan {
  static constexpr std::uint32_t kQueueRows = 256;
  static constexpr double kQueueMib = 64;
  static constexpr double kWindowMib = 1024;

  Graph graph;
  Value description;  // of the graph as written, before anything was moved
  std::vector<PlanNode> nodes;
  std::vector<PlanEdge> edges;
  std::vector<PushedDown> pushed_down;
  int threads = 0;

  /// `threads`: the whole budget, shared by the nodes that run threads of their own; 0: leave it to the libraries.
  static Plan make(Graph graph, int threads);

  const PlanNode& node(NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  PlanNode& node(NodeId id) { return nodes[static_cast<std::size_t>(id)]; }
  const PlanEdge& edge(EdgeId id) const { return edges[static_cast<std::size_t>(id)]; }
  PlanEdge& edge(EdgeId id) { return edges[static_cast<std::size_t>(id)]; }

  /// For people: each node's mode, ports, rows, queue, replicas, batch and threads.
  std::string explain() const;
};

}  // namespace pipit
