// A pipeline whose threads run: items enter it, and their results come out.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "module/thread_budget.h"
#include "pipit/pipeline.h"
#include "plan/plan.h"
#include "runtime/running_node.h"
#include "runtime/stream/chunk.h"
#include "runtime/stream/item.h"
#include "runtime/wiring.h"

namespace pipit {

/// Opened in three steps: the nodes are constructed, wired and started. A step that fails leaves nothing running. All
/// may be called from any thread.
class Pipeline::Running {
 public:
  /// Throws pipit::Error as Pipeline::open.
  Running(Plan plan, const Options& options);
  ~Running();

  /// This process is a child of the one that opened the pipeline: the threads are not in it, and any lock may have been
  /// held when it was made.
  bool is_elsewhere() const { return process_ != getpid(); }
  /// Throws pipit::Error (`unavailable`) there.
  void check_process() const;

  const Plan& plan() const { return plan_; }

  /// An item that can enter; of wrong inputs one that has failed already.
  std::shared_ptr<Item> make_item(Inputs inputs);
  /// Puts an item into the pipeline, as soon as there is room. False when the pipeline was cancelled.
  bool enter(std::shared_ptr<Item> item, bool in_stream);
  void close_stream();
  std::optional<Result> next();
  void cancel();
  std::vector<NodeStats> stats() const;
  std::vector<ColumnInfo> inputs() const;
  std::vector<ColumnInfo> outputs() const;

 private:
  std::vector<std::pair<EdgeId, Chunk>> chunks_of(const std::shared_ptr<Item>& item) const;
  void make_workers();
  void start();
  void join();
  void work(NodeWorker& worker);
  void break_off(std::string_view node, std::string_view code, std::string_view message) noexcept;
  void on_passed(std::shared_ptr<Item> item);
  void conclude(Item& item) noexcept;
  Result finish(Item& item) noexcept;
  void fill(Result& result, Item& item);

  const pid_t process_ = getpid();
  Plan plan_;
  const Options options_;
  std::vector<RunningNode> nodes_;
  const Wiring wiring_;
  ThreadBudget budget_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};

  std::mutex entering_;  // items enter one at a time, so that every queue sees them in order

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::int64_t next_item_ = 0;
  std::int64_t next_position_ = 0;
  int in_flight_ = 0;
  int finishing_ = 0;  // have passed every node or were given up, and their results are being made
  bool closed_ = false;
  /// Of the stream, by position, not yet taken; a place is made when the item enters, so that none is needed at its
  /// end.
  std::map<std::int64_t, std::optional<Result>> results_;
  std::int64_t taken_ = 0;
  std::set<std::shared_ptr<Item>> running_;  // for cancel
};

}  // namespace pipit
