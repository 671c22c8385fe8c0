// The stream protocol and the bounded queue that carries it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "item.h"

namespace pipit {

/// The end of a group of rows: of a row of an ancestor domain, named by its depth. Depth 0 is the item: its last mark.
struct Mark {
  std::uint32_t after = 0;  // rows of the chunk that come before it
  std::uint32_t depth = 0;
};

/// Consecutive rows of one item in one domain, with the marks between them. A stream of a domain of depth k has, for
/// every row of each ancestor domain, a mark of that domain's depth once the row has no more descendants; and a mark of
/// depth 0 at its end. So an item without rows is one mark, and joining, collecting and bounding need no row numbers.
struct Chunk {
  std::shared_ptr<Item> item;
  std::uint32_t rows = 0;
  std::vector<std::vector<Value>> columns;  // columns[column][row]
  std::vector<Mark> marks;                  // in order
  std::size_t bytes = 0;

  bool ends_item() const { return !marks.empty() && marks.back().depth == 0; }
  std::size_t tokens() const { return rows + marks.size(); }
};

/// A queue between one producer and one consumer thread, bounded in rows and bytes. An empty queue takes a chunk of any
/// size, so that nothing can be too large to pass.
class ChunkQueue {
 public:
  enum class Overflow { kBlock, kRefuse };

  ChunkQueue(std::uint32_t rows, std::size_t bytes, Overflow overflow)
      : max_rows_(rows), max_bytes_(bytes), overflow_(overflow) {}

  /// Blocks while the queue is full, unless it refuses: then it returns false and keeps the chunk's end only. Chunks
  /// pushed after abort() are dropped. `blocked` is called before waiting.
  template <class Blocked>
  bool push(Chunk chunk, Blocked&& blocked);

  enum class Popped { kChunk, kNothingYet, kNothingMore };
  /// Takes the first chunk; waits for one if `wait`.
  Popped pop(Chunk& into, bool wait);

  /// Nobody wants anything any more: wakes both sides, drops what is queued. The only end that a queue has.
  void abort();

  std::size_t most_rows() const;

 private:
  bool has_room(const Chunk& chunk) const;
  void put(Chunk chunk);

  const std::uint32_t max_rows_;
  const std::size_t max_bytes_;
  const Overflow overflow_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<Chunk> chunks_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  std::size_t most_rows_ = 0;
  bool aborted_ = false;
  bool producer_waits_ = false;
  bool consumer_waits_ = false;
};

template <class Blocked>
bool ChunkQueue::push(Chunk chunk, Blocked&& blocked) {
  std::unique_lock lock(mutex_);
  if (!has_room(chunk) && !aborted_) {
    if (overflow_ == Overflow::kRefuse) {
      const bool ends = chunk.ends_item();
      Chunk end;
      end.item = std::move(chunk.item);
      end.columns.resize(chunk.columns.size());
      if (ends) end.marks.push_back({0, 0});
      put(std::move(end));
      return false;
    }
    lock.unlock();
    blocked();
    lock.lock();
    producer_waits_ = true;
    not_full_.wait(lock, [&] { return has_room(chunk) || aborted_; });
    producer_waits_ = false;
  }
  put(std::move(chunk));
  return true;
}

}  // namespace pipit
