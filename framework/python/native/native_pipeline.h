// A pipeline in the hands of Python: what waits lets other threads of Python run, and Ctrl-C in.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "native/pending.h"
#include "pipit/pipeline.h"

namespace pipit::python {

/// Every function is called with the GIL. After close() all but close, cancel and closed throw `unavailable`.
class NativePipeline {
 public:
  /// `settings` has text, folder, set, operator_path, operators, threads, items_in_flight, spaces and on_warning.
  explicit NativePipeline(const nb::dict& settings);
  ~NativePipeline();
  NativePipeline(const NativePipeline&) = delete;
  NativePipeline& operator=(const NativePipeline&) = delete;

  /// Starts an item; waits while too many are in flight, or, with `wait` false, gives null.
  std::shared_ptr<Pending> submit(const nb::dict& inputs, bool wait);

  std::vector<ColumnInfo> inputs();
  std::vector<ColumnInfo> outputs();
  nb::object stats();
  nb::object describe();
  nb::object index();
  std::string explain();

  void cancel();
  /// Cancels what is in flight and joins the threads.
  void close();
  bool closed() const { return pipeline_ == nullptr; }

 private:
  /// What outlives the pipeline as long as one of its items is told.
  struct Flight {
    std::mutex mutex;
    std::condition_variable changed;
    int items = 0;
    bool cancelled = false;
  };

  Pipeline& open();
  Options options(const nb::dict& settings);
  bool enter(bool wait);

  std::shared_ptr<Flight> flight_ = std::make_shared<Flight>();
  std::shared_ptr<Pipeline> pipeline_;
  int items_in_flight_ = 0;
};

}  // namespace pipit::python
