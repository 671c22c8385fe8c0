// Warnings and counters of one node: a warning is passed on once, counters are added up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "module/runtime_table.h"

namespace pipit {

/// May be used by any thread. `on_warning` must outlive it.
class RecordingMonitor final : public NodeMonitor {
 public:
  RecordingMonitor(std::string prefix, const std::function<void(const std::string&)>& on_warning)
      : prefix_(std::move(prefix)), on_warning_(on_warning) {}

  void warn(const std::string& message) override {
    {
      const std::scoped_lock lock(mutex_);
      if (told_.size() >= kMostTold || !told_.insert(message).second) return;
    }
    if (on_warning_) on_warning_(prefix_ + message);
  }
  void count(std::string_view counter, std::int64_t n) override {
    const std::scoped_lock lock(mutex_);
    const auto known = counters_.find(counter);
    if (known != counters_.end()) {
      known->second += n;
    } else if (counters_.size() < kMostTold) {
      counters_.emplace(counter, n);
    }
  }
  std::vector<std::pair<std::string, std::int64_t>> counters() const {
    const std::scoped_lock lock(mutex_);
    return {counters_.begin(), counters_.end()};
  }

 private:
  static constexpr std::size_t kMostTold = 1000;  // different ones; a long run must not grow by them

  const std::string prefix_;
  const std::function<void(const std::string&)>& on_warning_;
  mutable std::mutex mutex_;
  std::set<std::string> told_;
  std::map<std::string, std::int64_t, std::less<>> counters_;
};

}  // namespace pipit
