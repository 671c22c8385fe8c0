#include "runtime/stream/queue.h"

#include <algorithm>
#include <utility>

namespace pipit {

bool ChunkQueue::has_room(const Chunk& chunk) const {
  if (chunks_.empty()) return true;
  return rows_ + chunk.tokens() <= max_rows_ && bytes_ + chunk.bytes <= max_bytes_;
}

std::size_t ChunkQueue::groups_ended(const Chunk& chunk) const {
  if (!hold_) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(chunk.marks, [&](const Mark& m) { return m.depth <= *hold_; }));
}

/// The chunk without its rows: the item's end, or nothing.
Chunk ChunkQueue::end_of(Chunk chunk) {
  Chunk end;
  end.item = std::move(chunk.item);
  end.columns.resize(chunk.columns.size());
  if (chunk.ends_item()) end.marks.push_back({0, 0});
  return end;
}

void ChunkQueue::put(Chunk chunk) {
  if (aborted_ || chunk.tokens() == 0) return;
  chunks_.push_back(std::move(chunk));
  const Chunk& last = chunks_.back();
  whole_groups_ += groups_ended(last);
  rows_ += last.tokens();
  bytes_ += last.bytes;
  most_rows_ = std::max(most_rows_, rows_);
  most_bytes_ = std::max(most_bytes_, bytes_);
  if (consumer_waits_) not_empty_.notify_one();
}

ChunkQueue::Popped ChunkQueue::pop(Chunk& into, Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (chunks_.empty() && deadline != kAtOnce) {
    const auto ready = [&] { return !chunks_.empty() || aborted_; };
    consumer_waits_ = true;
    if (deadline) {
      not_empty_.wait_until(lock, *deadline, ready);
    } else {
      not_empty_.wait(lock, ready);
    }
    consumer_waits_ = false;
  }
  if (chunks_.empty()) return aborted_ ? Popped::kNothingMore : Popped::kNothingYet;
  into = std::move(chunks_.front());
  chunks_.pop_front();
  whole_groups_ -= groups_ended(into);
  rows_ -= into.tokens();
  bytes_ -= into.bytes;
  if (producer_waits_) not_full_.notify_one();
  return Popped::kChunk;
}

void ChunkQueue::wake() {
  const std::scoped_lock lock(mutex_);
  if (producer_waits_) not_full_.notify_one();
}

void ChunkQueue::abort() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(aborted_, true)) return;
    dropped_.swap(chunks_);
    not_empty_.notify_one();
    not_full_.notify_one();
  }
  dropped_.clear();
}

std::size_t ChunkQueue::most_rows() const {
  const std::scoped_lock lock(mutex_);
  return most_rows_;
}

std::size_t ChunkQueue::most_bytes() const {
  const std::scoped_lock lock(mutex_);
  return most_bytes_;
}

}  // namespace pipit
