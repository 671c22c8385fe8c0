// Memory that is kept for the next time.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace pipit::clip {

/// To be one thread's: what it gives is used until it is asked again. Grows as it must and never shrinks.
class Scratch {
 public:
  /// Aligned as cache lines are; of no particular content.
  void* bytes(std::size_t size) {
    if (size > size_) {
      constexpr std::size_t kCacheLine = 64;
      size_ = 0;
      memory_.reset();
      const std::size_t rounded = (size + kCacheLine - 1) / kCacheLine * kCacheLine;
      memory_.reset(std::aligned_alloc(kCacheLine, rounded));
      if (!memory_) throw std::bad_alloc();
      size_ = rounded;
    }
    return memory_.get();
  }
  float* floats(std::size_t count) { return static_cast<float*>(bytes(count * sizeof(float))); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace pipit::clip
