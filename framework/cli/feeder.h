// Puts the items of a run into its pipeline.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "earlier_results.h"
#include "line_reader.h"
#include "request.h"

namespace pipit::cli {

/// Which of the inputs' items are to be run.
struct Selection {
  std::int64_t done = 0;            // so many have results from an earlier run
  std::vector<std::int64_t> again;  // those of them to run once more, ascending
  std::int64_t failed = 0;          // of the others, so many failed

  /// The number among the inputs of the run's n-th item.
  std::int64_t number(std::int64_t n) const {
    const auto first = static_cast<std::int64_t>(again.size());
    return n < first ? again[static_cast<std::size_t>(n)] : done + n - first;
  }
};

/// Pushes from a thread of its own, so that results are written meanwhile.
class Feeder {
 public:
  /// The items of `lines`, or `only` one; both are used as long as this lives.
  Feeder(Pipeline& pipeline, const RequestReader& requests, LineReader* lines, std::optional<Request> only,
         Selection selection);
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
  void feed_all(const RequestReader& requests, std::optional<Request> only);
  bool feed(Request request);
  bool selected(std::int64_t item);

  Pipeline& pipeline_;
  LineReader* lines_;
  const Selection selection_;
  std::size_t again_ = 0;  // of the selection's, fed so far
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::deque<ItemFields> fields_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace pipit::cli
