// One replica of one node: a thread that reads joined rows, calls the operator and passes on what it emits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "module/operator_instance.h"
#include "module/runtime_table.h"
#include "module/thread_budget.h"
#include "plan/plan.h"
#include "runtime/stream/joiner.h"
#include "runtime/stream/windower.h"

namespace pipit {

/// One edge as seen by one replica of its producer.
struct OutStream {
  std::vector<ChunkQueue*> queues;   // by replica of the consumer
  std::vector<std::size_t> columns;  // of the node's outputs
  int consumer = 0;                  // node
  std::string consumer_name;
};

/// What one replica has done so far; written by its thread, read by any.
struct WorkerStats {
  std::atomic<std::int64_t> items{0};
  std::atomic<std::int64_t> rows_in{0};
  std::atomic<std::int64_t> rows_out{0};
  std::atomic<std::int64_t> calls{0};
  std::atomic<std::int64_t> call_began{0};  // of the call under way, by the steady clock; 0: none is
  std::atomic<std::int64_t> failed{0};
  std::atomic<std::int64_t> busy_ns{0};
  std::atomic<std::int64_t> waiting_ns{0};
  std::atomic<std::int64_t> blocked_ns{0};
};

/// Takes joined chunks, turns rows into windows where the node wants them, gathers what one call shall take (rows of
/// several items, where the operator can), calls, and passes on the results item by item in order.
class NodeWorker final : private EmitterSink {
 public:
  struct Setup {
    int node = 0;
    std::uint32_t replica = 0;
    std::string name;
    const GraphNode* graph_node = nullptr;
    const pipit_operator* table = nullptr;
    pipit_context* context = nullptr;
    ThreadBudget* budget = nullptr;              // that its calls are counted in
    std::unique_ptr<OperatorInstance> instance;  // of a per_item operator: the first item's
    Joiner::Shape in;
    std::optional<Windower::Setup> windows;
    std::vector<OutStream> out;
    std::vector<std::pair<std::size_t, std::size_t>> results;  // node output -> pipeline output
    std::uint32_t depth_in = 0;
    std::uint32_t depth_out = 0;
    std::uint32_t depth_group = 0;
    PlanBatch batch;
    std::uint32_t chunk_rows = 0;  // most tokens of a chunk that it makes
    const std::atomic<bool>* stopping = nullptr;
    std::function<void(const Span&)> on_span;
    std::function<void(std::shared_ptr<Item>)> on_passed;  // the item's end has passed this node
  };

  explicit NodeWorker(Setup setup);

  /// The thread's function: works until its queues are aborted.
  void run();

  const std::string& name() const { return setup_.name; }
  const WorkerStats& stats() const { return stats_; }

 private:
  /// A chunk whose rows wait for a call; of a window node its rows are windows.
  struct Waiting {
    Chunk chunk;
    std::uint32_t next_row = 0;  // not yet in a call
    std::size_t next_mark = 0;   // not yet passed

    bool done() const { return next_row == chunk.rows && next_mark == chunk.marks.size(); }
  };
  /// Consecutive rows of one chunk that are part of a call.
  struct Slice {
    Waiting* from = nullptr;
    std::uint32_t first = 0;
    std::uint32_t rows = 0;
    std::uint32_t call_row = 0;  // of the first
  };

  // What the operator calls during process and finish.
  bool emit(std::uint32_t row, pipit_value* outputs) override;
  void fail(std::uint32_t row, Error error) override;
  bool stop_requested() const override;
  std::size_t output_ports() const override { return out_ports_.size(); }

  void take(Joiner::Joined& joined);
  void await_call(Chunk chunk);
  void work();
  void assemble();
  std::uint32_t next_cut(const Waiting& waiting) const;
  std::uint32_t rows_that_fit(const Waiting& waiting, std::uint32_t rows, std::size_t& bytes) const;
  void call_process();
  void call_each_item(std::vector<const pipit_value*> columns, bool unanswered_only);
  void deliver(const Slice& slice);
  void deliver_rows(const Slice& slice, std::uint32_t first, std::uint32_t last);
  void pass_mark(std::uint32_t depth);
  void finish_group();
  bool ready_instance(Item& item);
  bool call(OperatorInstance::Function function, std::uint32_t rows, const std::vector<const pipit_value*>& columns,
            pipit_error& error);
  const Slice& slice_of(std::uint32_t row) const;
  Item& item_of(std::uint32_t row) const;

  template <class Values>
  void append(std::size_t columns, Values&& value_at);
  void mark(std::uint32_t depth);
  void flush();
  void end_item();
  using Time = std::chrono::steady_clock::time_point;
  void tell(Span::Kind kind, std::int64_t rows, const Item& first, const Item& last, Time begin, Time end) const;
  bool unwanted(const Item& item) const;
  bool skipping() const { return item_->failed.load(std::memory_order_relaxed); }
  void fail_item(Item& item, std::string_view code, std::string_view message) noexcept;
  template <class Step>
  bool attempt(Item& item, Step&& step);

  Setup setup_;
  const Mode mode_;
  const std::vector<Port>& in_ports_;
  const std::vector<Port>& out_ports_;
  const std::size_t facts_;  // columns of a window node that its operator does not give
  const bool per_item_;
  const bool marks_rows_;       // each row in opens a group of rows out, which a mark ends
  const std::uint32_t enough_;  // rows that are worth a call; below it more are awaited
  Joiner joiner_;
  std::optional<Windower> windower_;
  WorkerStats stats_;

  std::deque<Waiting> waiting_;
  std::uint32_t waiting_rows_ = 0;
  std::size_t waiting_bytes_ = 0;
  Deadline deadline_ = kAtOnce;  // of the rows that wait

  // Of the call under way.
  pipit_emitter emitter_{*this};
  std::vector<Slice> slices_;
  std::uint32_t call_rows_ = 0;
  std::uint32_t call_offset_ = 0;                   // where its row 0 stands among the rows of the slices
  std::vector<std::vector<pipit_value>> gathered_;  // inputs of several chunks, side by side; borrowed
  std::vector<std::vector<Value>> results_;         // by port, by row; of operators that give one row for each
  std::vector<char> given_;                         // by row: there is a result
  bool refused_ = false;                            // the operator was told that nobody wants more of an item
  std::uint32_t marked_ = 0;                        // of those that give many: rows whose groups were ended

  std::shared_ptr<Item> item_;  // whose rows are being passed on
  Chunk out_;                   // being made
  std::chrono::nanoseconds blocked_{0};
};

}  // namespace pipit
