#include "runtime/stats.h"

namespace pipit {

Value stats_value(const std::vector<NodeStats>& nodes) {
  std::vector<Value> all;
  for (const NodeStats& node : nodes) {
    std::vector<std::pair<std::string, Value>> counters;
    for (const auto& [name, n] : node.counters) counters.emplace_back(name, n);
    all.push_back(Value::map({{"name", node.name},
                              {"op", node.op},
                              {"items", node.items},
                              {"rows_in", node.rows_in},
                              {"rows_out", node.rows_out},
                              {"calls", node.calls},
                              {"failed", node.failed},
                              {"busy_s", node.busy_s},
                              {"waiting_s", node.waiting_s},
                              {"blocked_s", node.blocked_s},
                              {"in_call_s", node.in_call_s},
                              {"queued_rows", node.queued_rows},
                              {"queued_bytes", node.queued_bytes},
                              {"counters", Value::map(std::move(counters))},
                              {"facts", Value::map(node.facts)}}));
  }
  return Value::list(std::move(all));
}

}  // namespace pipit
