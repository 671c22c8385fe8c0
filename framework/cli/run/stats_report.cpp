#include "cli/run/stats_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "runtime/stats.h"
#include "value/json_text.h"

namespace pipit::cli {

std::string stats_table(const RunStats& stats, bool facts) {
  std::size_t width = 4;
  for (const NodeStats& node : stats.nodes) width = std::max(width, node.name.size());
  std::string text = fmt::format("{:<{}}  {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "node", width, "rows in",
                                 "rows out", "calls", "busy s", "waiting s", "blocked s", "queued");
  for (const NodeStats& node : stats.nodes) {
    text += fmt::format("{:<{}}  {:>9} {:>9} {:>9} {:>9.3f} {:>9.3f} {:>9.3f} {:>9}", node.name, width, node.rows_in,
                        node.rows_out, node.calls, node.busy_s, node.waiting_s, node.blocked_s, node.queued_rows);
    if (node.failed > 0) text += fmt::format("  failed: {}", node.failed);
    for (const auto& [counter, n] : node.counters) text += fmt::format("  {}: {}", counter, n);
    text += '\n';
  }
  for (const NodeStats& node : stats.nodes) {
    if (!facts || node.facts.empty()) continue;
    text += fmt::format("{:<{}} ", node.name, width);
    for (const auto& [name, value] : node.facts) {
      std::string shown;
      append_json(shown, value);
      text += fmt::format(" {}: {}", name, shown);
    }
    text += '\n';
  }
  std::string errors;
  for (const auto& [code, n] : stats.errors) errors += fmt::format("{}{} {}", errors.empty() ? " (" : ", ", n, code);
  if (!errors.empty()) errors += ')';
  text += fmt::format("{}, {} failed{}; opened in {:.2f} s, ran {:.2f} s ({:.1f} items/s); peak memory {} MiB\n",
                      counted(stats.items, "item"), stats.failed, errors, stats.open_s, stats.run_s,
                      stats.items_per_s(), stats.peak_rss_bytes >> 20);
  return text;
}

std::string stats_json(const RunStats& stats) {
  std::vector<std::pair<std::string, Value>> errors;
  for (const auto& [code, n] : stats.errors) errors.emplace_back(code, n);
  std::string text;
  append_json(text, Value::map({{"items", stats.items},
                                {"failed", stats.failed},
                                {"errors", Value::map(std::move(errors))},
                                {"open_s", stats.open_s},
                                {"run_s", stats.run_s},
                                {"items_per_s", stats.items_per_s()},
                                {"peak_rss_bytes", stats.peak_rss_bytes},
                                {"nodes", stats_value(stats.nodes)}}));
  return text + "\n";
}

}  // namespace pipit::cli
