#include "server/http/workers.h"

#include <new>
#include <system_error>
#include <utility>

#include "module/foreign_code.h"
#include "pipit/error.h"

namespace pipit::server {

void Workers::post(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(work));
    const bool wanted = idle_ < waiting_.size() && threads_.size() < most_;
    if (wanted && !start_thread() && threads_.empty()) {
      waiting_.pop_back();
      throw Error("unavailable", "the system gives no thread to answer with");
    }
  }
  posted_.notify_one();
}

bool Workers::start_thread() {
  try {
    threads_.reserve(threads_.size() + 1);
    threads_.emplace_back([this] { run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Workers::run() {
  enter_own_thread();
  for (std::unique_lock lock(mutex_);;) {
    ++idle_;
    posted_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void Workers::join() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  posted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace pipit::server
