// The bounded queue that carries chunks from one replica to another.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "runtime/stream/chunk.h"

namespace pipit {

/// Until when to wait; none: as long as it takes.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;
inline constexpr Deadline kForever{};
inline constexpr Deadline kAtOnce{std::chrono::steady_clock::time_point::min()};

/// A queue between one producer and one consumer thread, bounded in rows and bytes. An empty queue takes a chunk of any
/// size, so that nothing can be too large to pass.
class ChunkQueue {
 public:
  /// `hold`: the consumer may take a group of rows, ended by a mark of this depth or a smaller one, only when all of it
  /// is here. So a group that alone fills the queue is refused, not waited for.
  ChunkQueue(std::uint32_t rows, std::size_t bytes, std::optional<std::uint32_t> hold)
      : max_rows_(rows), max_bytes_(bytes), hold_(hold) {}

  /// Blocks while the queue is full. False: the chunk was refused, its end alone is kept. Of an item that has failed
  /// the end alone is kept too, at once: a joining consumer may wait for it in another queue. Chunks pushed after
  /// abort() are dropped. `blocked` is called before waiting.
  template <class Blocked>
  bool push(Chunk chunk, Blocked&& blocked);

  enum class Popped { kChunk, kNothingYet, kNothingMore };
  /// Takes the first chunk; waits for one until the deadline.
  Popped pop(Chunk& into, Deadline deadline);

  /// An item has failed: its producer need not wait any longer.
  void wake();
  /// Nobody wants anything any more: wakes both sides, drops what is queued. The only end that a queue has.
  void abort();

  std::size_t most_rows() const;
  std::size_t most_bytes() const;

 private:
  bool has_room(const Chunk& chunk) const;
  bool must_wait(const Chunk& chunk) const {
    const bool refuses = hold_ && whole_groups_ == 0;
    return !has_room(chunk) && !refuses && !chunk.item->failed && !aborted_;
  }
  std::size_t groups_ended(const Chunk& chunk) const;
  static Chunk end_of(Chunk chunk);
  void put(Chunk chunk);

  const std::uint32_t max_rows_;
  const std::size_t max_bytes_;
  const std::optional<std::uint32_t> hold_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<Chunk> chunks_;
  std::deque<Chunk> dropped_;  // by abort(), which may find no memory for one
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  std::size_t most_rows_ = 0;
  std::size_t most_bytes_ = 0;
  std::size_t whole_groups_ = 0;  // whose end is in the queue
  bool aborted_ = false;
  bool producer_waits_ = false;
  bool consumer_waits_ = false;
};

template <class Blocked>
bool ChunkQueue::push(Chunk chunk, Blocked&& blocked) {
  std::unique_lock lock(mutex_);
  if (must_wait(chunk)) {
    lock.unlock();
    blocked();
    lock.lock();
    producer_waits_ = true;
    not_full_.wait(lock, [&] { return !must_wait(chunk); });
    producer_waits_ = false;
  }
  const bool taken = has_room(chunk) || chunk.item->failed || aborted_;
  if (!taken || chunk.item->failed) chunk = end_of(std::move(chunk));
  put(std::move(chunk));
  return taken;
}

}  // namespace pipit
