// A node of a running pipeline: its operator loaded, an instance of it for each replica, and what they have done.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "isolation/isolated_operator.h"
#include "module/operator_instance.h"
#include "module/operator_module.h"
#include "pipit/pipeline.h"
#include "plan/plan.h"
#include "runtime/node_monitor.h"
#include "runtime/node_worker.h"

namespace pipit {

/// Stays where it is once its instances are there: they know its context.
struct RunningNode {
  std::unique_ptr<IsolatedOperator> isolated;  // or null
  const OperatorModule* module = nullptr;
  std::unique_ptr<RecordingMonitor> monitor;
  pipit_context context;
  std::vector<std::unique_ptr<OperatorInstance>> instances;  // by replica, until the workers take them
  Value facts;                                               // what the operator says of itself
  std::string space;                                         // of its vectors; empty: not asked for, or none
  std::vector<std::unique_ptr<NodeWorker>> workers;          // by replica

  /// What its workers have done so far; nothing about its queues. May be called while they run.
  NodeStats stats() const;
};

/// The first step of opening a pipeline: loads every module of the plan and constructs every replica. Types that only
/// the operators can tell (from weights, say) are written into the plan's graph. Throws pipit::Error
/// (`invalid_pipeline`) with the faults of all nodes, or `cancelled`. `options` must outlive the nodes.
std::vector<RunningNode> construct_nodes(Plan& plan, const Options& options);

}  // namespace pipit
