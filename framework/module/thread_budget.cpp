#include "module/thread_budget.h"

#include <algorithm>

namespace pipit {

namespace {

thread_local ThreadBudget::Call* call_here = nullptr;

}  // namespace

ThreadBudget::Call::Call(ThreadBudget* budget, std::uint32_t share)
    : budget_(budget), used_(std::max(1u, share)), outer_(call_here) {
  if (budget_ != nullptr) budget_->used_.fetch_add(used_, std::memory_order_relaxed);
  call_here = this;
}

ThreadBudget::Call::~Call() {
  if (budget_ != nullptr) budget_->used_.fetch_sub(used_, std::memory_order_relaxed);
  call_here = outer_;
}

std::uint32_t ThreadBudget::take(std::uint32_t share) {
  Call* const call = call_here;
  if (share == 0 || call == nullptr || call->budget_ == nullptr) return share;
  ThreadBudget& budget = *call->budget_;
  std::uint32_t used = budget.used_.load(std::memory_order_relaxed);
  std::uint32_t wanted = 0;
  do {
    const std::uint32_t by_others = used - call->used_;
    wanted = std::max(share, budget.threads_ - std::min(budget.threads_, by_others));
  } while (!budget.used_.compare_exchange_weak(used, used - call->used_ + wanted, std::memory_order_relaxed));
  call->used_ = wanted;
  return wanted;
}

}  // namespace pipit
