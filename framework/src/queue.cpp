#include "queue.h"

#include <algorithm>

namespace pipit {

bool ChunkQueue::has_room(const Chunk& chunk) const {
  if (chunks_.empty()) return true;
  return rows_ + chunk.tokens() <= max_rows_ && bytes_ + chunk.bytes <= max_bytes_;
}

void ChunkQueue::put(Chunk chunk) {
  if (aborted_) return;
  rows_ += chunk.tokens();
  bytes_ += chunk.bytes;
  most_rows_ = std::max(most_rows_, rows_);
  chunks_.push_back(std::move(chunk));
  if (consumer_waits_) not_empty_.notify_one();
}

ChunkQueue::Popped ChunkQueue::pop(Chunk& into, bool wait) {
  std::unique_lock lock(mutex_);
  if (wait && chunks_.empty()) {
    consumer_waits_ = true;
    not_empty_.wait(lock, [&] { return !chunks_.empty() || aborted_; });
    consumer_waits_ = false;
  }
  if (chunks_.empty()) return aborted_ ? Popped::kNothingMore : Popped::kNothingYet;
  into = std::move(chunks_.front());
  chunks_.pop_front();
  rows_ -= into.tokens();
  bytes_ -= into.bytes;
  if (producer_waits_) not_full_.notify_one();
  return Popped::kChunk;
}

void ChunkQueue::abort() {
  std::deque<Chunk> dropped;
  const std::scoped_lock lock(mutex_);
  aborted_ = true;
  dropped.swap(chunks_);
  not_empty_.notify_one();
  not_full_.notify_one();
}

std::size_t ChunkQueue::most_rows() const {
  const std::scoped_lock lock(mutex_);
  return most_rows_;
}

}  // namespace pipit
