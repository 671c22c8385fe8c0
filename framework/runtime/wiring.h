// The queues between the replicas of a plan's nodes, and who reads and writes which.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan/plan.h"
#include "runtime/node_worker.h"
#include "runtime/stream/joiner.h"
#include "runtime/stream/queue.h"
#include "runtime/stream/windower.h"

namespace pipit {

/// The second step of opening a pipeline. The plan must outlive it, and be complete.
class Wiring {
 public:
  using Queues = std::vector<std::unique_ptr<ChunkQueue>>;

  explicit Wiring(const Plan& plan);

  /// The part of a worker's setup that follows from the plan: what the replica reads, how its rows become calls, where
  /// its results go. The rest is left as it is.
  NodeWorker::Setup setup_of(NodeId node, std::uint32_t replica) const;

  ChunkQueue& queue(EdgeId edge, std::uint32_t producer, std::uint32_t consumer) const;
  /// The queues of an edge.
  const Queues& queues(EdgeId edge) const { return queues_[static_cast<std::size_t>(edge)]; }
  /// The replica of an edge's consumer that an item goes to.
  std::uint32_t consumer_of(EdgeId edge, std::int64_t item) const;

  /// As ChunkQueue's, of all queues.
  void wake() const;
  void abort() const;

 private:
  Joiner::Shape shape_of(NodeId node, std::uint32_t replica) const;
  Windower::Setup windows_of(NodeId node) const;
  Windower::Port window_port(const GraphNode& node, std::size_t port) const;
  OutStream out_stream(EdgeId edge, std::uint32_t replica) const;
  std::uint32_t replicas(NodeId node) const { return node < 0 ? 1 : plan_.node(node).replicas; }
  std::uint32_t depth(DomainId domain) const { return static_cast<std::uint32_t>(plan_.graph.domain(domain).depth); }

  const Plan& plan_;
  std::vector<Queues> queues_;  // by edge
};

}  // namespace pipit
