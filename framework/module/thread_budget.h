// Which threads of a pipeline's budget are at work.
#pragma once

#include <atomic>
#include <cstdint>

namespace pipit {

/// Counts the threads that calls of operators use. May be used by any thread.
class ThreadBudget {
 public:
  explicit ThreadBudget(std::uint32_t threads) : threads_(threads) {}

  /// A call under way on this thread. It uses its node's share, or one thread where the node has none.
  class Call {
   public:
    /// `budget` may be null: nobody counts then.
    Call(ThreadBudget* budget, std::uint32_t share);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    friend class ThreadBudget;

    ThreadBudget* budget_;
    std::uint32_t used_;
    Call* outer_;
  };

  /// How many threads a node with this share may use now: within a call on this thread those too that no call uses,
  /// which are this call's until it ends or asks again; else its share.
  static std::uint32_t take(std::uint32_t share);

 private:
  const std::uint32_t threads_;
  std::atomic<std::uint32_t> used_{0};
};

}  // namespace pipit
