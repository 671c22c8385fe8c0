// One piece of work on several threads.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace pipit {

/// Calls `work(thread)` with 0 to `threads` - 1, each on a thread of its own, this one among them, and waits for all.
/// Where the system gives fewer threads, there are fewer calls: the work must be such that any of them can do it all.
/// The first exception is thrown here.
template <class Work>
void on_threads(std::int64_t threads, Work&& work) {
  std::mutex mutex;
  std::exception_ptr failure;
  const auto guarded = [&](std::int64_t thread) {
    try {
      work(thread);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      for (std::int64_t thread = 1; thread < threads; ++thread) others.emplace_back(guarded, thread);
    } catch (const std::system_error&) {
      // Those that are there do the work.
    }
    guarded(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pipit
