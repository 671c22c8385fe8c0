// One item on its way through a pipeline.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipit/pipeline.h"

namespace pipit {

/// An error that takes no memory: its texts fit into the strings themselves.
inline ItemError no_memory_left() noexcept {
  return {"", "out_of_memory", "no memory left"};
}

/// Shared by everything that works on the item. Each node passes the item's end exactly once; after the last one it is
/// done.
struct Item {
  static constexpr std::size_t kMaxOutputBytes = std::size_t{1} << 30;

  std::int64_t id = 0;
  std::int64_t stream_position = -1;  // among the items of push(); -1: of submit()
  std::atomic<bool> failed{false};    // its rows need no more work
  std::atomic<int> nodes_to_pass{0};
  std::vector<Value> inputs;
  std::vector<std::vector<Value>> outputs;  // by pipeline output; each is written by one thread only
  std::atomic<std::size_t> output_bytes{0};
  std::function<void(Result)> done;  // of submit(); called once
  std::function<void()> on_failed;   // wakes who waits for room for its rows

  /// Of several errors that of the earliest node in the file's order stays. Which nodes still fail after the first one
  /// is a matter of timing, as its rows are dropped everywhere.
  void fail(int node, ItemError error) noexcept {
    {
      const std::scoped_lock lock(mutex_);
      if (!error_ || node < failed_node_) {
        failed_node_ = node;
        error_ = std::move(error);
      }
      if (failed.exchange(true, std::memory_order_acq_rel)) return;
    }
    if (on_failed) on_failed();
  }

  /// The same from texts, and where there is no memory for these with an error that takes none.
  void fail(int node, std::string_view name, std::string_view code, std::string_view message) noexcept {
    ItemError error = no_memory_left();
    try {
      error = {std::string(name), std::string(code), std::string(message)};
    } catch (const std::bad_alloc&) {
      // It is that error.
    }
    fail(node, std::move(error));
  }

  /// Before it enters: this error, whatever else is wrong with it.
  void replace_error(ItemError error) {
    error_ = std::move(error);
    failed = true;
  }

  /// Call when it is done.
  std::optional<ItemError> take_error() {
    const std::scoped_lock lock(mutex_);
    return std::move(error_);
  }

 private:
  std::mutex mutex_;
  int failed_node_ = 0;
  std::optional<ItemError> error_;
};

}  // namespace pipit
