#include "native/pending.h"

#include <utility>

namespace pipit::python {

void Pending::fulfil(Result result) {
  std::optional<Held> callback;
  {
    const std::scoped_lock lock(mutex_);
    result_ = std::move(result);
    callback = std::exchange(callback_, std::nullopt);
  }
  changed_.notify_all();
  if (callback) tell(*callback);
}

void Pending::when_done(nb::object callback) {
  Held held(std::move(callback));
  {
    const nb::gil_scoped_release release;
    const std::scoped_lock lock(mutex_);
    if (!result_) {
      callback_ = std::move(held);
      return;
    }
  }
  tell(held);
}

void Pending::tell(const Held& callback) {
  if (Py_IsInitialized() == 0) return;
  const nb::gil_scoped_acquire gil;
  try {
    callback.get()();
  } catch (nb::python_error& e) {
    e.discard_as_unraisable("pipit: what is called when an item is done");
  }
}

bool Pending::done() {
  const std::scoped_lock lock(mutex_);
  return result_.has_value();
}

bool Pending::wait(std::optional<double> seconds) {
  using Clock = std::chrono::steady_clock;
  const bool bounded = seconds && *seconds < 1e8;
  const auto until =
      bounded ? Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*seconds))
              : Clock::now() + std::chrono::hours(24 * 365 * 10);
  return wait_with_signals(mutex_, changed_, until, [&] { return result_.has_value(); });
}

}  // namespace pipit::python
