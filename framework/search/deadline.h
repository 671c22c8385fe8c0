// Until when an answer is waited for.
#pragma once

#include <chrono>
#include <future>
#include <optional>

namespace pipit {

/// Without one the wait has no end.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Whether the result came in time.
template <class Future>
bool is_there(const Future& future, const Deadline& deadline) {
  if (deadline) return future.wait_until(*deadline) == std::future_status::ready;
  future.wait();
  return true;
}

}  // namespace pipit
