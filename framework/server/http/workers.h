// Threads that answer requests: started as they are needed, then kept.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pipit::server {

/// May be used by any thread.
class Workers {
 public:
  /// As many threads as that at most.
  explicit Workers(std::size_t most) : most_(most) {}
  ~Workers() { join(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Runs it on a thread, which it must not throw out of: at once, or, where the system gives no more threads, as soon
  /// as one is free. Throws pipit::Error (`unavailable`) when there is none at all.
  void post(std::function<void()> work);
  /// Returns when all that was posted has run; from then on nothing may be.
  void join();

 private:
  void run();
  /// False: the system gives no more.
  bool start_thread();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ended_ = false;
};

}  // namespace pipit::server
