#include "module/foreign_code.h"

#include <atomic>

namespace pipit {
namespace {

constinit thread_local const ForeignCall* innermost = nullptr;
constinit thread_local bool own_thread = false;
constinit std::atomic<void (*)()> own_thread_hook{nullptr};

}  // namespace

ForeignCode::ForeignCode(const ForeignCall& call) noexcept : call_(call), outer_(innermost) {
  innermost = &call_;
}

ForeignCode::~ForeignCode() {
  innermost = outer_;
}

const ForeignCall* foreign_call() noexcept {
  return innermost;
}

void enter_own_thread() {
  own_thread = true;
  if (const auto hook = own_thread_hook.load(std::memory_order_relaxed)) hook();
}

bool is_own_thread() noexcept {
  return own_thread;
}

void on_own_thread(void (*hook)()) {
  own_thread_hook.store(hook, std::memory_order_relaxed);
}

}  // namespace pipit
