#include "pipit/pipeline.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/near.h"
#include "graph/arguments.h"
#include "module/foreign_code.h"
#include "module/function_operator.h"
#include "plan/plan.h"
#include "runtime/node_worker.h"

namespace pipit {
namespace {

/// Warnings and counters of one node.
class Monitor final : public NodeMonitor {
 public:
  Monitor(std::string prefix, const std::function<void(const std::string&)>& on_warning)
      : prefix_(std::move(prefix)), on_warning_(on_warning) {}

  void warn(const std::string& message) override {
    {
      const std::scoped_lock lock(mutex_);
      if (told_.size() >= kMostTold || !told_.insert(message).second) return;
    }
    if (on_warning_) on_warning_(prefix_ + message);
  }
  void count(std::string_view counter, std::int64_t n) override {
    const std::scoped_lock lock(mutex_);
    counters_[std::string(counter)] += n;
  }
  std::vector<std::pair<std::string, std::int64_t>> counters() const {
    const std::scoped_lock lock(mutex_);
    return {counters_.begin(), counters_.end()};
  }

 private:
  static constexpr std::size_t kMostTold = 1000;  // different messages; a long run must not grow by them

  const std::string prefix_;
  const std::function<void(const std::string&)>& on_warning_;
  mutable std::mutex mutex_;
  std::set<std::string> told_;
  std::map<std::string, std::int64_t> counters_;
};

/// What a node needs besides its workers.
struct Node {
  std::unique_ptr<Monitor> monitor;
  pipit_context context;
  const OperatorModule* module = nullptr;
  std::vector<std::unique_ptr<OperatorInstance>> instances;  // by replica, until the workers take them
  std::vector<std::unique_ptr<NodeWorker>> workers;
  Value facts;
};

}  // namespace

class Pipeline::Running {
 public:
  Running(Plan plan, const Options& options) : plan_(std::move(plan)), options_(options) {
    check_options();
    load_modules();
    construct();
    refine_types();
    connect();
    start();
  }

  ~Running() {
    cancel();
    join();
  }

  /// This process is a child of the one that opened the pipeline: the threads are not in it, and any lock may have been
  /// held when it was made.
  bool is_elsewhere() const { return process_ != getpid(); }
  void check_process() const {
    if (is_elsewhere()) {
      throw Error(
          "unavailable",
          "the pipeline was opened before fork() and its threads are not in this process; open it in the child");
    }
  }

  const Plan& plan() const { return plan_; }

  std::shared_ptr<Item> make_item(Inputs inputs);
  bool enter(std::shared_ptr<Item> item, bool in_stream);
  void close_stream();
  std::optional<Result> next();
  void cancel();
  std::vector<NodeStats> stats() const;
  std::vector<ColumnInfo> inputs() const;
  std::vector<ColumnInfo> outputs() const;

 private:
  void check_options() const;
  void check_opening() const;
  void load_modules();
  void construct();
  void refine_types();
  void connect();
  NodeWorker::Setup setup_of(std::size_t node, std::uint32_t replica);
  Joiner::Shape shape_of(std::size_t node, std::uint32_t replica);
  Windower::Port window_port(const GraphNode& node, std::size_t port) const;
  void start();
  void join();
  void work(NodeWorker& worker);
  void break_off(const ItemError& error);
  void on_passed(std::shared_ptr<Item> item);
  Result finish(Item& item);
  std::uint32_t replicas(int node) const { return node < 0 ? 1 : plan_.nodes[static_cast<std::size_t>(node)].replicas; }
  std::uint32_t depth(int domain) const {
    return static_cast<std::uint32_t>(plan_.graph.domains[static_cast<std::size_t>(domain)].depth);
  }
  std::string place_of(std::size_t node) const {
    const NodeSpec& spec = plan_.graph.spec.nodes[node];
    return fmt::format("{}:{}: node '{}': ", spec.place, spec.line, spec.name);
  }
  ChunkQueue* queue(std::size_t edge, std::uint32_t producer, std::uint32_t consumer) {
    return queues_[edge][producer * replicas(plan_.edges[edge].consumer) + consumer].get();
  }

  const pid_t process_ = getpid();
  Plan plan_;
  const Options options_;
  std::vector<Node> nodes_;
  std::vector<std::vector<std::unique_ptr<ChunkQueue>>> queues_;  // by edge
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};

  std::mutex entering_;  // items enter one at a time, so that every queue sees them in order

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::int64_t next_item_ = 0;
  std::int64_t next_position_ = 0;
  int in_flight_ = 0;
  bool closed_ = false;
  std::map<std::int64_t, Result> results_;  // of the stream, by position, not yet taken
  std::int64_t taken_ = 0;
  std::set<std::shared_ptr<Item>> running_;  // for cancel
};

void Pipeline::Running::check_options() const {
  if (options_.items_in_flight < 1) {
    throw Error("invalid_argument",
                fmt::format("items_in_flight must be at least 1, found {}", options_.items_in_flight));
  }
  if (options_.threads < 0) {
    throw Error("invalid_argument", fmt::format("threads must be at least 0, found {}", options_.threads));
  }
}

void Pipeline::Running::check_opening() const {
  if (options_.cancel_opening && options_.cancel_opening()) throw Error("cancelled", "opening was cancelled");
}

void Pipeline::Running::load_modules() {
  nodes_.resize(plan_.nodes.size());
  std::string faults;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    try {
      check_opening();
      const OperatorDescription& op = plan_.graph.nodes[i].op;
      const std::string place = place_of(i);
      const ForeignCode code({place.c_str(), op.name.c_str(), "while it was loaded"});
      nodes_[i].module = op.own ? &op.own->module() : &OperatorModule::load(op.file);
      // LibTorch remembers whether there is CUDA from the first time that anything asks.
      if (nodes_[i].module->note.libtorch != "none" && asks_for_cuda(op.signature, plan_.graph.nodes[i].arguments)) {
        open_libtorch_cuda();
      }
    } catch (const Error& e) {
      if (e.code() == "cancelled") throw;
      faults += fmt::format("{}{}{}", faults.empty() ? "" : "\n", place_of(i), e.what());
    }
  }
  if (!faults.empty()) throw Error("invalid_pipeline", faults);
}

void Pipeline::Running::construct() {
  std::string faults;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    node.monitor = std::make_unique<Monitor>(place_of(i), options_.on_warning);
    node.context = {plan_.graph.spec.nodes[i].name,
                    plan_.nodes[i].threads,
                    node.monitor.get(),
                    plan_.graph.nodes[i].op.own.get(),
                    place_of(i),
                    plan_.graph.nodes[i].op.name};
    try {
      for (std::uint32_t r = 0; r < plan_.nodes[i].replicas; ++r) {
        check_opening();
        node.instances.push_back(
            std::make_unique<OperatorInstance>(*node.module->table, plan_.graph.nodes[i].arguments, node.context));
      }
      node.facts = node.instances.front()->report();
    } catch (const Error& e) {
      if (e.code() == "cancelled") throw;
      faults += fmt::format("{}{}{}", faults.empty() ? "" : "\n", place_of(i), e.what());
    }
  }
  if (!faults.empty()) throw Error("invalid_pipeline", faults);
}

/// Types that only weights can tell are known now: checks that they still fit.
void Pipeline::Running::refine_types() {
  Graph& graph = plan_.graph;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    for (std::size_t port = 0; port < node.inputs.size(); ++port) {
      const Port& wanted = node.ports().inputs[port];
      const Type& found = graph.columns[static_cast<std::size_t>(node.inputs[port])].type;
      if (!wanted.type.accepts(found)) {
        throw Error("invalid_pipeline",
                    fmt::format("{}input '{}' takes {}, {} gives {}", place_of(i), wanted.name, wanted.type.text(),
                                graph.column_text(node.inputs[port]), found.text()));
      }
    }
    if (node.mode == Mode::kFilter) {
      for (std::size_t k = 0; k < node.keep.size(); ++k) {
        graph.columns[static_cast<std::size_t>(node.outputs[k])].type =
            graph.columns[static_cast<std::size_t>(node.keep[k])].type;
      }
      continue;
    }
    for (std::size_t port = 0; port + node.facts.size() < node.outputs.size(); ++port) {
      const std::string type = nodes_[i].instances.front()->output_type(static_cast<std::uint32_t>(port));
      if (!type.empty()) graph.columns[static_cast<std::size_t>(node.outputs[port])].type = Type::parse(type);
    }
  }
}

void Pipeline::Running::connect() {
  for (const PlanEdge& edge : plan_.edges) {
    // The pipeline's inputs are bounded by the items in flight.
    const bool entry = edge.producer < 0;
    const std::uint32_t rows = entry || edge.hold ? UINT32_MAX : edge.queue_rows;
    const std::size_t bytes = entry ? SIZE_MAX : edge.queue_bytes;
    auto& queues = queues_.emplace_back();
    for (std::uint32_t q = 0; q < replicas(edge.producer) * replicas(edge.consumer); ++q) {
      queues.push_back(std::make_unique<ChunkQueue>(rows, bytes, edge.hold));
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (std::uint32_t r = 0; r < plan_.nodes[i].replicas; ++r) {
      nodes_[i].workers.push_back(std::make_unique<NodeWorker>(setup_of(i, r)));
    }
    nodes_[i].instances.clear();
  }
}

Joiner::Shape Pipeline::Running::shape_of(std::size_t i, std::uint32_t replica) {
  const GraphNode& node = plan_.graph.nodes[i];
  const PlanNode& planned = plan_.nodes[i];
  Joiner::Shape shape;
  shape.first_item = replica;
  shape.step = planned.replicas;
  shape.beside_depth = depth(node.domain_out);
  for (int e : planned.in) {
    const PlanEdge& edge = plan_.edges[static_cast<std::size_t>(e)];
    InStream stream;
    for (std::uint32_t p = 0; p < replicas(edge.producer); ++p) {
      stream.queues.push_back(queue(static_cast<std::size_t>(e), p, replica));
    }
    stream.depth = depth(edge.domain);
    stream.driver = edge.domain == node.domain_in;
    shape.streams.push_back(std::move(stream));
  }
  const auto where = [&](int column) {
    for (std::size_t s = 0; s < planned.in.size(); ++s) {
      const std::vector<int>& columns = plan_.edges[static_cast<std::size_t>(planned.in[s])].columns;
      const auto found = std::ranges::find(columns, column);
      if (found != columns.end()) return JoinedColumn{s, static_cast<std::size_t>(found - columns.begin())};
    }
    throw Error("internal", "a column has no edge");
  };
  for (std::size_t port = 0; port < node.inputs.size(); ++port) {
    const bool beside = node.mode == Mode::kWindow && window_port(node, port) == Windower::Port::kBeside;
    (beside ? shape.beside : shape.columns).push_back(where(node.inputs[port]));
  }
  for (int column : node.keep) shape.columns.push_back(where(column));
  if (node.by) shape.columns.push_back(where(*node.by));
  return shape;
}

/// What stands beside all rows of a group comes with its end, too late for windows that are given before; and where the
/// rows are the items themselves it is one of them.
Windower::Port Pipeline::Running::window_port(const GraphNode& node, std::size_t port) const {
  if (node.ports().inputs[port].count == PortCount::kMany) return Windower::Port::kRows;
  const bool whole_group = node.window.kind == WindowSpec::Kind::kAll && depth(node.domain_in) > 0;
  return whole_group ? Windower::Port::kBeside : Windower::Port::kFirst;
}

NodeWorker::Setup Pipeline::Running::setup_of(std::size_t i, std::uint32_t replica) {
  const GraphNode& node = plan_.graph.nodes[i];
  const PlanNode& planned = plan_.nodes[i];
  NodeWorker::Setup setup;
  setup.node = static_cast<int>(i);
  setup.replica = replica;
  setup.name = plan_.graph.spec.nodes[i].name;
  setup.graph_node = &node;
  setup.table = nodes_[i].module->table;
  setup.context = &nodes_[i].context;
  setup.instance = std::move(nodes_[i].instances[replica]);
  setup.in = shape_of(i, replica);
  setup.depth_in = depth(node.domain_in);
  setup.depth_out = depth(node.domain_out);
  setup.depth_group = depth(node.domain_group);
  setup.batch = planned.batch;
  if (node.mode == Mode::kWindow) {
    Windower::Setup& windows = setup.windows.emplace();
    windows.window = node.window;
    for (std::size_t port = 0; port < node.inputs.size(); ++port) windows.ports.push_back(window_port(node, port));
    windows.facts = node.facts;
    windows.timed = node.by.has_value();
    windows.depth_group = setup.depth_group;
    windows.max_bytes = planned.window_bytes;
  }
  setup.chunk_rows = 64;
  setup.stopping = &stopping_;
  setup.on_span = options_.on_span;
  setup.on_passed = [this](std::shared_ptr<Item> item) { on_passed(std::move(item)); };
  for (int e : planned.out) {
    const PlanEdge& edge = plan_.edges[static_cast<std::size_t>(e)];
    OutStream out;
    for (std::uint32_t c = 0; c < replicas(edge.consumer); ++c) {
      out.queues.push_back(queue(static_cast<std::size_t>(e), replica, c));
    }
    for (int column : edge.columns) {
      out.columns.push_back(static_cast<std::size_t>(plan_.graph.columns[static_cast<std::size_t>(column)].port));
    }
    out.consumer = edge.consumer;
    out.consumer_name = plan_.graph.spec.nodes[static_cast<std::size_t>(edge.consumer)].name;
    if (!edge.hold) setup.chunk_rows = std::min(setup.chunk_rows, std::max(1u, edge.queue_rows / 4));
    setup.out.push_back(std::move(out));
  }
  for (std::size_t output = 0; output < plan_.graph.outputs.size(); ++output) {
    const Column& column = plan_.graph.columns[static_cast<std::size_t>(plan_.graph.outputs[output])];
    if (column.producer == setup.node) setup.results.emplace_back(static_cast<std::size_t>(column.port), output);
  }
  return setup;
}

/// A thread for each worker, or none at all.
void Pipeline::Running::start() {
  std::size_t wanted = 0;
  for (const Node& node : nodes_) wanted += node.workers.size();
  threads_.reserve(wanted);
  try {
    for (Node& node : nodes_) {
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
                  [&](const char* code, const char* message) {
                    break_off({worker.name(), code, message});
                  });
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
    const Column& column = plan_.graph.columns[static_cast<std::size_t>(plan_.graph.outputs[output])];
    if (column.producer < 0) item->outputs[output] = {values[static_cast<std::size_t>(column.port)]};
  }
  values.insert(values.end(), plan_.graph.constants.begin(), plan_.graph.constants.end());
  item->inputs = std::move(values);
  return item;
}

/// Puts an item into the pipeline, as soon as there is room. False when the pipeline was cancelled.
bool Pipeline::Running::enter(std::shared_ptr<Item> item, bool in_stream) {
  const std::scoped_lock entering(entering_);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < options_.items_in_flight || stopping_; });
    if (stopping_ || (in_stream && closed_)) return false;
    ++in_flight_;
    item->id = next_item_++;
    if (in_stream) item->stream_position = next_position_++;
    running_.insert(item);
    item->on_failed = [this] {
      for (const auto& queues : queues_) {
        for (const auto& queue : queues) queue->wake();
      }
    };
  }
  for (std::size_t e = 0; e < plan_.edges.size(); ++e) {
    const PlanEdge& edge = plan_.edges[e];
    if (edge.producer >= 0) continue;
    Chunk chunk;
    chunk.item = item;
    chunk.rows = 1;
    for (int column : edge.columns) {
      const int position = plan_.graph.columns[static_cast<std::size_t>(column)].port;
      chunk.columns.push_back({item->inputs[static_cast<std::size_t>(position)]});
    }
    chunk.marks.push_back({1, 0});
    const auto consumer = static_cast<std::uint32_t>(item->id % replicas(edge.consumer));
    queue(e, 0, consumer)->push(std::move(chunk), [] {});
  }
  return true;
}

void Pipeline::Running::on_passed(std::shared_ptr<Item> item) {
  if (item->nodes_to_pass.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  {
    const std::scoped_lock lock(mutex_);
    if (running_.erase(item) == 0) return;  // given up meanwhile
  }
  Result result = finish(*item);
  if (item->stream_position < 0) {
    {
      const std::scoped_lock lock(mutex_);
      --in_flight_;
    }
    changed_.notify_all();
    item->promise.set_value(std::move(result));
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    results_.emplace(item->stream_position, std::move(result));
  }
  changed_.notify_all();
}

Result Pipeline::Running::finish(Item& item) {
  Result result;
  result.item = item.stream_position >= 0 ? item.stream_position : item.id;
  result.error = item.take_error();
  if (result.error) return result;
  for (std::size_t i = 0; i < item.outputs.size(); ++i) {
    const Column& column = plan_.graph.columns[static_cast<std::size_t>(plan_.graph.outputs[i])];
    result.names.push_back(plan_.graph.output_name(i));
    std::vector<Value>& rows = item.outputs[i];
    result.outputs.push_back(column.domain == 0 ? std::move(rows.front()) : Value::list(std::move(rows)));
  }
  return result;
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
    changed_.wait(lock,
                  [&] { return stopping_ || results_.contains(taken_) || (closed_ && taken_ == next_position_); });
    const auto found = results_.find(taken_);
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
  for (const auto& item : given_up) item->fail(-1, {"", "cancelled", "the run was cancelled"});
  for (auto& queues : queues_) {
    for (auto& queue : queues) queue->abort();
  }
  for (const auto& item : given_up) {
    if (item->stream_position < 0) item->promise.set_value(finish(*item));
  }
}

/// Every item in flight has this error. Those of the stream are told in their order, then it ends.
void Pipeline::Running::break_off(const ItemError& error) {
  for (;;) {
    std::set<std::shared_ptr<Item>> given_up;
    {
      const std::scoped_lock lock(mutex_);
      given_up.swap(running_);
      if (given_up.empty()) {
        stopping_ = true;
        break;
      }
    }
    for (const auto& item : given_up) {
      item->fail(-1, error);
      if (item->stream_position < 0) {
        item->promise.set_value(finish(*item));
      } else {
        const std::scoped_lock lock(mutex_);
        results_.emplace(item->stream_position, finish(*item));
      }
    }
  }
  changed_.notify_all();
  for (auto& queues : queues_) {
    for (auto& queue : queues) queue->abort();
  }
}

std::vector<NodeStats> Pipeline::Running::stats() const {
  std::vector<NodeStats> all;
  const auto seconds = [](std::int64_t ns) { return static_cast<double>(ns) * 1e-9; };
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    NodeStats stats;
    stats.name = plan_.graph.spec.nodes[i].name;
    stats.op = plan_.graph.nodes[i].op.name;
    for (const auto& worker : nodes_[i].workers) {
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
    for (int e : plan_.nodes[i].in) {
      if (plan_.edges[static_cast<std::size_t>(e)].producer < 0) continue;
      for (const auto& queue : queues_[static_cast<std::size_t>(e)]) {
        stats.queued_rows = std::max(stats.queued_rows, static_cast<std::int64_t>(queue->most_rows()));
        stats.queued_bytes = std::max(stats.queued_bytes, static_cast<std::int64_t>(queue->most_bytes()));
      }
    }
    stats.counters = nodes_[i].monitor->counters();
    if (nodes_[i].facts.kind() == Kind::kMap) {
      for (std::size_t f = 0; f < nodes_[i].facts.map_size(); ++f) {
        const auto [name, value] = nodes_[i].facts.map_at(f);
        stats.facts.emplace_back(name, value);
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
  std::vector<ColumnInfo> all;
  for (std::size_t i = 0; i < plan_.graph.outputs.size(); ++i) {
    const Column& column = plan_.graph.columns[static_cast<std::size_t>(plan_.graph.outputs[i])];
    all.push_back({plan_.graph.output_name(i), column.type.text(), column.domain != 0});
  }
  return all;
}

namespace {

Spec::Options spec_options(const Options& options) {
  Spec::Options out;
  for (const auto& [target, value] : options.set) out.overrides.push_back({target, value});
  return out;
}

Plan plan_of(Spec spec, const Options& options) {
  std::vector<std::shared_ptr<const OwnOperator>> own;
  for (const HostOperator& given : options.operators) own.push_back(std::make_shared<OwnOperator>(given));
  Plan plan =
      Plan::make(Graph::build(std::move(spec), OperatorPath(options.operator_path, std::move(own))), options.threads);
  for (const std::string& warning : plan.graph.warnings) {
    if (options.on_warning) options.on_warning(warning);
  }
  return plan;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&& other) noexcept {
  const Pipeline before(std::exchange(running_, std::move(other.running_)));
  return *this;
}
Pipeline::~Pipeline() {
  // What the parent process still uses is left as it is.
  if (running_ != nullptr && running_->is_elsewhere()) static_cast<void>(running_.release());
}

Pipeline Pipeline::open(const std::filesystem::path& file, const Options& options) {
  return Pipeline(std::make_unique<Running>(plan_of(Spec::draft(file, spec_options(options)), options), options));
}

Pipeline Pipeline::parse(std::string_view yaml, const std::filesystem::path& folder, const Options& options) {
  return Pipeline(std::make_unique<Running>(
      plan_of(Spec::draft(yaml, "pipeline", folder, spec_options(options)), options), options));
}

std::vector<ColumnInfo> Pipeline::inputs() const {
  return running_->inputs();
}
std::vector<ColumnInfo> Pipeline::outputs() const {
  return running_->outputs();
}
Result Pipeline::call(Inputs inputs) {
  return submit(std::move(inputs)).get();
}

std::future<Result> Pipeline::submit(Inputs inputs) {
  running_->check_process();
  auto item = running_->make_item(std::move(inputs));
  auto future = item->promise.get_future();
  if (!running_->enter(item, false)) {
    Result result;
    result.error = ItemError{"", "cancelled", "the run was cancelled"};
    item->promise.set_value(std::move(result));
  }
  return future;
}

bool Pipeline::push(Inputs inputs) {
  running_->check_process();
  return running_->enter(running_->make_item(std::move(inputs)), true);
}

bool Pipeline::push_error(ItemError error) {
  running_->check_process();
  auto item = running_->make_item({});
  item->replace_error(std::move(error));
  return running_->enter(std::move(item), true);
}

void Pipeline::close() {
  if (!running_->is_elsewhere()) running_->close_stream();
}
std::optional<Result> Pipeline::next() {
  running_->check_process();
  return running_->next();
}
void Pipeline::cancel() {
  if (!running_->is_elsewhere()) running_->cancel();
}
std::vector<NodeStats> Pipeline::stats() const {
  running_->check_process();
  return running_->stats();
}
Value Pipeline::describe() const {
  return running_->plan().description;
}
std::string Pipeline::explain() const {
  return running_->plan().explain();
}

}  // namespace pipit
