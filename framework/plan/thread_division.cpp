#include "plan/thread_division.h"

#include <algorithm>
#include <cstddef>

#include "graph/arguments.h"

namespace pipit {

void divide_threads(Plan& plan, std::uint32_t budget) {
  const auto on_libtorch = [&](std::size_t i) { return plan.graph.nodes[i].op.note.libtorch != "none"; };
  const auto uses_threads = [&](std::size_t i) { return plan.graph.nodes[i].op.signature.uses_threads; };
  std::uint32_t others = 0;
  std::uint32_t torch_replicas = 0;
  bool on_cpu = false;  // whether a model is
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!uses_threads(i)) continue;
    if (on_libtorch(i)) {
      torch_replicas = std::max(torch_replicas, plan.nodes[i].replicas);
      on_cpu = on_cpu || !asks_for_cuda(plan.graph.nodes[i].op.signature, plan.graph.nodes[i].arguments);
    } else {
      others += plan.nodes[i].replicas;
    }
  }
  const std::uint32_t for_others = torch_replicas == 0 ? budget : on_cpu ? budget / 4 : budget - budget / 4;
  const std::uint32_t for_torch = others == 0 ? budget : budget - for_others;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!uses_threads(i)) continue;
    plan.nodes[i].threads = std::max(1u, on_libtorch(i) ? for_torch / torch_replicas : for_others / others);
  }
}

}  // namespace pipit
