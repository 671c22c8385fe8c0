// One replica of one node: a thread that reads joined rows, calls the operator and passes on what it emits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host.h"
#include "joiner.h"
#include "plan.h"

namespace pipit {

/// An operator's instance.
class OperatorInstance {
 public:
  /// Throws pipit::Error as the operator's constructor gave it. `context` must outlive the instance.
  OperatorInstance(const pipit_operator& table, const Value& arguments, pipit_context& context);
  OperatorInstance(const OperatorInstance&) = delete;
  OperatorInstance& operator=(const OperatorInstance&) = delete;
  ~OperatorInstance() { table_.destroy(instance_); }

  void* get() const { return instance_; }
  /// The type of an output as now known; empty: as the signature says.
  std::string output_type(std::uint32_t port) const;
  /// What it says of itself; null: nothing.
  Value report() const;

 private:
  const pipit_operator& table_;
  void* instance_ = nullptr;
};

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

class NodeWorker final : private EmitterSink {
 public:
  struct Setup {
    int node = 0;
    std::uint32_t replica = 0;
    std::string name;
    const GraphNode* graph_node = nullptr;
    const pipit_operator* table = nullptr;
    pipit_context* context = nullptr;
    std::unique_ptr<OperatorInstance> instance;  // of a per_item operator: the first item's
    Joiner::Shape in;
    std::vector<OutStream> out;
    std::vector<std::pair<std::size_t, std::size_t>> results;  // node output -> pipeline output
    std::uint32_t depth_in = 0;
    std::uint32_t depth_out = 0;
    std::uint32_t depth_group = 0;
    std::uint32_t batch = 0;
    std::size_t window_bytes = 0;
    std::uint32_t chunk_rows = 0;  // most tokens of a chunk that it makes
    const std::atomic<bool>* stopping = nullptr;
    std::function<void(const Span&)> on_span;
    std::function<void(std::shared_ptr<Item>)> on_passed;  // the item's end has passed this node
  };

  explicit NodeWorker(Setup setup);

  /// The thread's function: works until its queues are aborted.
  void run();

  const WorkerStats& stats() const { return stats_; }

 private:
  // What the operator calls during process and finish.
  bool emit(std::uint32_t row, pipit_value* outputs) override;
  void fail(std::uint32_t row, Error error) override;
  bool stop_requested() const override;

  void work(Joiner::Joined& joined);
  void work_rows(Joiner::Joined& joined, std::uint32_t first, std::uint32_t last);
  void gather(Joiner::Joined& joined, std::uint32_t first, std::uint32_t last);
  void pass_mark(Joiner::Joined& joined, std::uint32_t depth);
  void call_window(Joiner::Joined& joined);
  void finish_group();
  bool ready_instance();
  using Call = int (*)(void* instance, const pipit_call* call, pipit_error* error);
  void make_call(Call function, std::uint32_t rows, const std::vector<const pipit_value*>& columns);
  void settle();
  bool stands_beside(std::size_t port) const;
  void append(std::vector<Value> row);
  void mark(std::uint32_t depth);
  void flush();
  void end_item();
  using Time = std::chrono::steady_clock::time_point;
  void tell(Span::Kind kind, std::int64_t rows, Time begin, Time end) const;
  bool skipping() const { return item_->failed.load(std::memory_order_relaxed); }
  void fail_item(std::string code, std::string message);

  Setup setup_;
  const Mode mode_;
  const std::vector<Port>& in_ports_;
  const std::vector<Port>& out_ports_;
  const bool marks_rows_;  // each row in opens a group of rows out, which a mark ends
  Joiner joiner_;
  WorkerStats stats_;

  std::shared_ptr<Item> item_;  // being worked on
  Chunk out_;                   // being made
  std::chrono::nanoseconds blocked_{0};

  // Of the call under way.
  std::uint32_t call_rows_ = 0;
  std::vector<std::vector<Value>> emitted_;  // of operators that give one row for each: by row of the call
  std::uint32_t marked_ = 0;                 // of those that give many: rows of the call whose groups were ended

  // Of the window being gathered, and of the joined chunk: windows that ended in it.
  std::vector<std::vector<Value>> window_;
  std::size_t window_bytes_ = 0;
  std::size_t windows_ended_ = 0;
};

}  // namespace pipit
