#include "runtime/running_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/near.h"
#include "graph/spaces.h"
#include "module/foreign_code.h"
#include "runtime/stream/chunk.h"

namespace pipit {
namespace {

Options checked(const Options& options) {
  if (options.items_in_flight < 1) {
    throw Error("invalid_argument",
                fmt::format("items_in_flight must be at least 1, found {}", options.items_in_flight));
  }
  if (options.threads < 0) {
    throw Error("invalid_argument", fmt::format("threads must be at least 0, found {}", options.threads));
  }
  return options;
}

}  // namespace

Pipeline::Running::Running(Plan plan, const Options& options)
    : plan_(std::move(plan)),
      options_(checked(options)),
      nodes_(construct_nodes(plan_, options_)),
      wiring_(plan_),
      budget_(static_cast<std::uint32_t>(plan_.threads)) {
  make_workers();
  start();
}

Pipeline::Running::~Running() {
  cancel();
  join();
}

void Pipeline::Running::check_process() const {
  if (is_elsewhere()) {
    throw Error("unavailable",
                "the pipeline was opened before fork() and its threads are not in this process; open it in the child");
  }
}

/// A worker for each replica, which takes its instance.
void Pipeline::Running::make_workers() {
  const bool shared = std::ranges::any_of(plan_.nodes, [](const PlanNode& node) { return node.threads > 0; });
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    RunningNode& node = nodes_[i];
    for (std::uint32_t replica = 0; replica < plan_.nodes[i].replicas; ++replica) {
      NodeWorker::Setup setup = wiring_.setup_of(static_cast<NodeId>(i), replica);
      setup.table = node.module->table;
      setup.context = &node.context;
      setup.budget = shared ? &budget_ : nullptr;
      setup.instance = std::move(node.instances[replica]);
      setup.stopping = &stopping_;
      setup.on_span = options_.on_span;
      setup.on_passed = [this](std::shared_ptr<Item> item) { on_passed(std::move(item)); };
      node.workers.push_back(std::make_unique<NodeWorker>(std::move(setup)));
    }
    node.instances.clear();
  }
}

/// A thread for each worker, or none at all.
void Pipeline::Running::start() {
  std::size_t wanted = 0;
  for (const RunningNode& node : nodes_) wanted += node.workers.size();
  threads_.reserve(wanted);
  try {
    for (RunningNode& node : nodes_) {
      for (const auto& worker : node.workers) threads_.emplace_back([this, &worker] { work(*worker); });
    }
  } catch (const std::exception& e) {
    const std::size_t started = threads_.size();
    cancel();
    join();
    throw Error("unavailable", fmt::format("cannot start thread {} of the {} that the nodes' replicas need: {}",
                                           started + 1, wanted, e.what()));
  }
}

void Pipeline::Running::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

/// A worker makes every fault an item's. What it cannot (no memory is left for a row's mark, say) ends the pipeline,
/// not the process.
void Pipeline::Running::work(NodeWorker& worker) {
  enter_own_thread();
  detail::contain([&] { worker.run(); },
                  [&](const char* code, const char* message) { break_off(worker.name(), code, message); });
}

std::shared_ptr<Item> Pipeline::Running::make_item(Inputs inputs) {
  auto item = std::make_shared<Item>();
  item->outputs.resize(plan_.graph.outputs.size());
  item->nodes_to_pass = static_cast<int>(nodes_.size());
  const auto& wanted = plan_.graph.spec.inputs;
  std::vector<std::string> names;
  for (const InputSpec& input : wanted) names.push_back(input.name);
  std::vector<Value> values(wanted.size());
  std::vector<bool> given(wanted.size());
  const auto refuse = [&](const std::string& message) { item->fail(-1, {"", "invalid_input", message}); };
  for (auto& [name, value] : inputs) {
    const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    if (at == names.size()) {
      refuse(fmt::format("no input '{}'{}", name, instead(name, names, "the pipeline takes")));
      continue;
    }
    const Type& type = plan_.graph.columns[at].type;
    if (!type.holds(value)) refuse(fmt::format("input '{}' takes {}, found {}", name, type.text(), type_of(value)));
    values[at] = std::move(value);
    given[at] = true;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!given[i]) refuse(fmt::format("input '{}' is missing; the pipeline takes {}", names[i], quoted_list(names)));
  }
  for (std::size_t output = 0; output < plan_.graph.outputs.size(); ++output) {
    const Column& column = plan_.graph.column(plan_.graph.outputs[output]);
    if (column.producer < 0) item->outputs[output] = {values[static_cast<std::size_t>(column.port)]};
  }
  values.insert(values.end(), plan_.graph.constants.begin(), plan_.graph.constants.end());
  item->inputs = std::move(values);
  return item;
}

/// What needs memory comes first, so that an item is in the pipeline or is not.
bool Pipeline::Running::enter(std::shared_ptr<Item> item, bool in_stream) {
  const std::scoped_lock entering(entering_);
  std::vector<std::pair<EdgeId, Chunk>> chunks = chunks_of(item);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < options_.items_in_flight || stopping_; });
    if (stopping_ || (in_stream && closed_)) return false;
    const auto place = in_stream ? results_.try_emplace(next_position_).first : results_.end();
    try {
      running_.insert(item);
    } catch (...) {
      if (in_stream) results_.erase(place);
      throw;
    }
    ++in_flight_;
    item->id = next_item_++;
    if (in_stream) item->stream_position = next_position_++;
    item->on_failed = [this] { wiring_.wake(); };
  }
  detail::contain(
      [&] {
        for (auto& [edge, chunk] : chunks) {
          wiring_.queue(edge, 0, wiring_.consumer_of(edge, item->id)).push(std::move(chunk), [] {});
        }
      },
      [&](const char* code, const char* message) { break_off("", code, message); });
  return true;
}

/// An item's one row for each edge that begins at the pipeline's inputs.
std::vector<std::pair<EdgeId, Chunk>> Pipeline::Running::chunks_of(const std::shared_ptr<Item>& item) const {
  std::vector<std::pair<EdgeId, Chunk>> chunks;
  for (EdgeId e = 0; e < static_cast<EdgeId>(plan_.edges.size()); ++e) {
    const PlanEdge& edge = plan_.edge(e);
    if (edge.producer >= 0) continue;
    Chunk& chunk = chunks.emplace_back(e, Chunk()).second;
    chunk.item = item;
    chunk.rows = 1;
    for (ColumnId column : edge.columns) {
      const int position = plan_.graph.column(column).port;
      chunk.columns.push_back({item->inputs[static_cast<std::size_t>(position)]});
    }
    chunk.marks.push_back({1, 0});
  }
  return chunks;
}

void Pipeline::Running::on_passed(std::shared_ptr<Item> item) {
  if (item->nodes_to_pass.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  {
    const std::scoped_lock lock(mutex_);
    if (running_.erase(item) == 0) return;  // given up meanwhile
    ++finishing_;
  }
  conclude(*item);
}

/// Makes the result and gives it to whoever waits for it.
void Pipeline::Running::conclude(Item& item) noexcept {
  Result result = finish(item);
  const bool in_stream = item.stream_position >= 0;
  {
    const std::scoped_lock lock(mutex_);
    --finishing_;
    if (in_stream) {
      results_.find(item.stream_position)->second = std::move(result);
    } else {
      --in_flight_;
    }
  }
  changed_.notify_all();
  // What the host's function throws is its own affair, and no item's.
  if (!in_stream) detail::contain([&] { item.done(std::move(result)); }, [](const char*, const char*) {});
}

/// An item that has passed has a result whatever happens: where no memory is left for it, an error that takes none.
Result Pipeline::Running::finish(Item& item) noexcept {
  Result result;
  result.item = item.stream_position >= 0 ? item.stream_position : item.id;
  result.error = item.take_error();
  if (result.error) return result;
  try {
    fill(result, item);
  } catch (const std::exception&) {
    result.names.clear();
    result.outputs.clear();
    result.error = no_memory_left();
  }
  return result;
}

void Pipeline::Running::fill(Result& result, Item& item) {
  for (std::size_t i = 0; i < item.outputs.size(); ++i) {
    const Column& column = plan_.graph.column(plan_.graph.outputs[i]);
    result.names.push_back(plan_.graph.output_name(i));
    std::vector<Value>& rows = item.outputs[i];
    result.outputs.push_back(column.domain == 0 ? std::move(rows.front()) : Value::list(std::move(rows)));
  }
}

void Pipeline::Running::close_stream() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::optional<Result> Pipeline::Running::next() {
  std::optional<Result> result;
  {
    std::unique_lock lock(mutex_);
    const auto next = [&] {
      const auto found = results_.find(taken_);
      return found != results_.end() && found->second ? found : results_.end();
    };
    changed_.wait(lock, [&] {
      return (stopping_ && finishing_ == 0) || next() != results_.end() || (closed_ && taken_ == next_position_);
    });
    const auto found = next();
    if (found == results_.end()) return std::nullopt;
    result = std::move(found->second);
    results_.erase(found);
    ++taken_;
    --in_flight_;
  }
  changed_.notify_all();
  return result;
}

void Pipeline::Running::cancel() {
  std::set<std::shared_ptr<Item>> given_up;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    given_up.swap(running_);
  }
  changed_.notify_all();
  for (const auto& item : given_up) item->fail(-1, "", "cancelled", "the run was cancelled");
  wiring_.abort();
  for (const auto& item : given_up) {
    if (item->stream_position < 0) item->done(finish(*item));
  }
}

/// Every item in flight has this error. Those of the stream are told in their order, then it ends.
void Pipeline::Running::break_off(std::string_view node, std::string_view code, std::string_view message) noexcept {
  for (;;) {
    std::set<std::shared_ptr<Item>> given_up;
    {
      const std::scoped_lock lock(mutex_);
      given_up.swap(running_);
      if (given_up.empty()) {
        stopping_ = true;
        break;
      }
      finishing_ += static_cast<int>(given_up.size());
    }
    for (const auto& item : given_up) {
      item->fail(-1, node, code, message);
      conclude(*item);
    }
  }
  changed_.notify_all();
  wiring_.abort();
}

std::vector<NodeStats> Pipeline::Running::stats() const {
  std::vector<NodeStats> all;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    NodeStats stats = nodes_[i].stats();
    for (EdgeId e : plan_.nodes[i].in) {
      if (plan_.edge(e).producer < 0) continue;
      for (const auto& queue : wiring_.queues(e)) {
        stats.queued_rows = std::max(stats.queued_rows, static_cast<std::int64_t>(queue->most_rows()));
        stats.queued_bytes = std::max(stats.queued_bytes, static_cast<std::int64_t>(queue->most_bytes()));
      }
    }
    all.push_back(std::move(stats));
  }
  return all;
}

std::vector<ColumnInfo> Pipeline::Running::inputs() const {
  std::vector<ColumnInfo> all;
  for (std::size_t i = 0; i < plan_.graph.spec.inputs.size(); ++i) {
    all.push_back({plan_.graph.columns[i].name, plan_.graph.columns[i].type.text(), false});
  }
  return all;
}

std::vector<ColumnInfo> Pipeline::Running::outputs() const {
  std::vector<std::string> spaces;
  for (const RunningNode& node : nodes_) spaces.push_back(node.space);
  std::vector<ColumnInfo> all;
  for (std::size_t i = 0; i < plan_.graph.outputs.size(); ++i) {
    const ColumnId output = plan_.graph.outputs[i];
    const Column& column = plan_.graph.column(output);
    const auto [space, dimension] = space_of(plan_.graph, output, spaces);
    all.push_back({plan_.graph.output_name(i), column.type.text(), column.domain != kItemDomain,
                   plan_.graph.domain(column.domain).opened_by, space, dimension});
  }
  return all;
}

}  // namespace pipit
