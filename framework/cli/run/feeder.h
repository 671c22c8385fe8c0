// Puts the items of a run into its pipeline.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "cli/input/input_list.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// Which of the inputs' items are to be run.
struct Selection {
  std::int64_t done = 0;  // so many have results from an earlier run; the list has been read up to there
  std::vector<std::pair<std::int64_t, InputItem>> again;  // those of them to run once more, ascending
  std::int64_t failed = 0;                                // of the others, so many failed

  /// The number among the inputs of the run's n-th item.
  std::int64_t number(std::int64_t n) const {
    const auto first = static_cast<std::int64_t>(again.size());
    return n < first ? again[static_cast<std::size_t>(n)].first : done + n - first;
  }
};

/// Pushes from a thread of its own, so that results are written meanwhile.
class Feeder {
 public:
  /// Pipeline and list must live as long as this.
  Feeder(Pipeline& pipeline, InputList& inputs, Selection selection);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  /// No more items; may be called from any thread.
  void stop();
  /// What was asked for by the next result's item.
  ItemFields take_fields();
  /// After the last result: throws what ended the inputs before their end.
  void check() const;

 private:
  void feed_all();
  bool feed(std::int64_t item, const InputItem& input);

  Pipeline& pipeline_;
  InputList& inputs_;
  const Selection selection_;
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::deque<ItemFields> fields_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace pipit::cli
