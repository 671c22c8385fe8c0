#include "runtime/stream/joiner.h"

#include <algorithm>

namespace pipit {
namespace {

constexpr std::size_t kMaxTokens = 64;

}  // namespace

Joiner::Joiner(Shape shape, std::function<void()> before_waiting)
    : shape_(std::move(shape)),
      before_waiting_(std::move(before_waiting)),
      cursors_(shape_.streams.size()),
      item_(shape_.first_item) {
  while (!shape_.streams[driver_].driver) ++driver_;
  for (const JoinedColumn& column : shape_.columns) cursors_[column.stream].in_rows = true;
}

void Joiner::Cursor::load() {
  held.clear();
  for (std::vector<Value>& column : chunk.columns) held.push_back(std::move(column[row]));
  ++row;
  loaded = true;
}

/// Makes sure that something unread of the current item is at hand.
Joiner::Step Joiner::fetch(std::size_t stream, Deadline deadline) {
  Cursor& cursor = cursors_[stream];
  const std::vector<ChunkQueue*>& queues = shape_.streams[stream].queues;
  ChunkQueue& queue = *queues[static_cast<std::size_t>(item_) % queues.size()];
  while (cursor.exhausted()) {
    ChunkQueue::Popped popped = queue.pop(cursor.chunk, kAtOnce);
    if (popped == ChunkQueue::Popped::kNothingYet && deadline != kAtOnce) {
      if (!deadline) before_waiting_();
      const auto start = std::chrono::steady_clock::now();
      popped = queue.pop(cursor.chunk, deadline);
      waited_ += std::chrono::steady_clock::now() - start;
    }
    if (popped == ChunkQueue::Popped::kNothingYet) return Step::kWouldBlock;
    if (popped == ChunkQueue::Popped::kNothingMore) return Step::kOver;
    cursor.row = 0;
    cursor.mark = 0;
  }
  return Step::kReady;
}

Joiner::Step Joiner::expect_row(std::size_t stream, Deadline deadline) {
  const Step step = fetch(stream, deadline);
  if (step != Step::kReady) return step;
  return cursors_[stream].at_row() ? Step::kReady : Step::kBroken;
}

Joiner::Step Joiner::expect_mark(std::size_t stream, std::uint32_t depth, Deadline deadline) {
  const Step step = fetch(stream, deadline);
  if (step != Step::kReady) return step;
  const Cursor& cursor = cursors_[stream];
  return !cursor.at_row() && cursor.chunk.marks[cursor.mark].depth == depth ? Step::kReady : Step::kBroken;
}

/// A repeated stream whose row ends with a mark of this depth.
bool Joiner::is_repeated_at(std::size_t stream, std::uint32_t depth) const {
  return !shape_.streams[stream].driver && shape_.streams[stream].depth == depth;
}

/// Makes sure that the next token can be taken from every stream that it concerns.
Joiner::Step Joiner::prepare(Deadline deadline) {
  const Step first = fetch(driver_, deadline);
  if (first != Step::kReady) return first;
  if (cursors_[driver_].chunk.item->failed.load(std::memory_order_acquire)) return Step::kBroken;
  if (!cursors_[driver_].at_row())
    return prepare_mark(cursors_[driver_].chunk.marks[cursors_[driver_].mark].depth, deadline);
  for (std::size_t s = 0; s < cursors_.size(); ++s) {
    if (cursors_[s].loaded || !cursors_[s].in_rows) continue;
    const Step step = expect_row(s, deadline);
    if (step != Step::kReady) return step;
    if (!shape_.streams[s].driver) cursors_[s].load();
  }
  return Step::kReady;
}

Joiner::Step Joiner::prepare_mark(std::uint32_t depth, Deadline deadline) {
  for (std::size_t s = 0; s < cursors_.size(); ++s) {
    Step step = Step::kReady;
    const bool wanted = is_repeated_at(s, depth) || (!shape_.streams[s].driver && depth == shape_.beside_depth);
    if (wanted && !cursors_[s].loaded) {
      step = expect_row(s, deadline);
      if (step == Step::kReady) cursors_[s].load();
    }
    // Depth 0 ends every stream; another depth marks only the streams that lie deeper.
    if (step == Step::kReady && (depth == 0 || shape_.streams[s].depth > depth)) step = expect_mark(s, depth, deadline);
    if (step != Step::kReady) return step;
  }
  return Step::kReady;
}

void Joiner::take(Joined& joined) {
  Cursor& driver = cursors_[driver_];
  if (!driver.at_row()) {
    take_mark(driver.chunk.marks[driver.mark].depth, joined);
    return;
  }
  for (std::size_t c = 0; c < shape_.columns.size(); ++c) {
    const auto [stream, column] = shape_.columns[c];
    const Cursor& cursor = cursors_[stream];
    joined.chunk.columns[c].push_back(cursor.loaded ? cursor.held[column] : cursor.chunk.columns[column][cursor.row]);
  }
  for (std::size_t s = 0; s < cursors_.size(); ++s) {
    if (shape_.streams[s].driver) ++cursors_[s].row;
  }
  ++joined.chunk.rows;
}

void Joiner::take_mark(std::uint32_t depth, Joined& joined) {
  if (depth == shape_.beside_depth) {
    for (std::size_t c = 0; c < shape_.beside.size(); ++c) {
      joined.beside[c].push_back(cursors_[shape_.beside[c].stream].held[shape_.beside[c].column]);
    }
  }
  for (std::size_t s = 0; s < cursors_.size(); ++s) {
    if (is_repeated_at(s, depth)) cursors_[s].loaded = false;
    if (depth == 0 || shape_.streams[s].depth > depth) ++cursors_[s].mark;
  }
  joined.chunk.marks.push_back({joined.chunk.rows, depth});
  if (depth == 0) item_ += shape_.step;
}

/// Reads the current item to its end in every stream and gives that end alone. The item has failed, or fails now.
bool Joiner::drop_item(Joined& joined) {
  std::shared_ptr<Item> item;
  for (std::size_t s = 0; s < cursors_.size(); ++s) {
    Cursor& cursor = cursors_[s];
    for (bool ended = false; !ended;) {
      if (fetch(s, kForever) != Step::kReady) return false;
      item = cursor.chunk.item;
      ended = cursor.chunk.ends_item();
      cursor.row = cursor.chunk.rows;
      cursor.mark = cursor.chunk.marks.size();
    }
    cursor.loaded = false;
  }
  if (!item->failed) item->fail(0, {"", "internal", "streams of one item do not match; please report this"});
  joined.chunk = Chunk{};
  joined.chunk.item = std::move(item);
  joined.chunk.columns.resize(shape_.columns.size());
  joined.chunk.marks.push_back({0, 0});
  joined.beside.assign(shape_.beside.size(), {});
  item_ += shape_.step;
  return true;
}

/// One stream needs no joining: its chunks pass as they are, their columns in the order asked for.
Joiner::Got Joiner::next_alone(Joined& joined, Deadline deadline) {
  Cursor& cursor = cursors_[0];
  const Step step = fetch(0, deadline);
  if (step != Step::kReady) return step == Step::kOver ? Got::kNothingMore : Got::kNothingYet;
  Chunk& from = cursor.chunk;
  joined.chunk.item = from.item;
  joined.chunk.rows = from.rows;
  joined.chunk.bytes = from.bytes;
  if (shape_.columns.size() == 1) {
    joined.chunk.columns[0] = std::move(from.columns[shape_.columns[0].column]);
  } else {
    for (std::size_t c = 0; c < shape_.columns.size(); ++c)
      joined.chunk.columns[c] = from.columns[shape_.columns[c].column];
  }
  joined.chunk.marks = std::move(from.marks);
  if (joined.chunk.ends_item()) item_ += shape_.step;
  from = Chunk{};
  return Got::kChunk;
}

Joiner::Got Joiner::next(Joined& joined, Deadline deadline) {
  joined.chunk = Chunk{};
  joined.chunk.columns.resize(shape_.columns.size());
  joined.beside.assign(shape_.beside.size(), {});
  if (shape_.streams.size() == 1) return next_alone(joined, deadline);
  for (;;) {
    const bool empty = joined.chunk.tokens() == 0;
    switch (prepare(empty ? deadline : kAtOnce)) {
      case Step::kOver:
        return Got::kNothingMore;
      case Step::kWouldBlock:
        return empty ? Got::kNothingYet : Got::kChunk;
      case Step::kBroken:
        return drop_item(joined) ? Got::kChunk : Got::kNothingMore;
      case Step::kReady:
        break;
    }
    joined.chunk.item = cursors_[driver_].chunk.item;
    take(joined);
    if (joined.chunk.ends_item() || joined.chunk.tokens() >= kMaxTokens) return Got::kChunk;
  }
}

}  // namespace pipit
