// An item on its way, and its result when it is there.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "native/gil.h"
#include "pipit/pipeline.h"

namespace pipit::python {

/// Waits on a condition without the GIL, and lets Python handle its signals now and then: what a handler raises, a
/// KeyboardInterrupt say, is thrown. With the GIL. False: `until` came first.
template <class Condition>
bool wait_with_signals(std::mutex& mutex, std::condition_variable& changed, std::chrono::steady_clock::time_point until,
                       Condition condition) {
  for (;;) {
    bool met = false;
    {
      const nb::gil_scoped_release release;
      std::unique_lock lock(mutex);
      met = changed.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(50)),
                               condition);
    }
    if (met) return true;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (std::chrono::steady_clock::now() >= until) return false;
  }
}

/// One result, shared by the thread that makes it and those that wait for it.
class Pending {
 public:
  /// By a thread of the pipeline, once, without the GIL.
  void fulfil(Result result);
  /// Called as soon as the result is there, by the thread that made it, with the GIL; at once when it is there already.
  void when_done(nb::object callback);

  bool done();
  /// False: it did not come in so many seconds. None: waits for ever. With the GIL.
  bool wait(std::optional<double> seconds);
  /// With the result there.
  const Result& result() const { return *result_; }

 private:
  static void tell(const Held& callback);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result> result_;
  std::optional<Held> callback_;
};

}  // namespace pipit::python
