// Several streams of one item become one: rows of one domain side by side, values of ancestor domains repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/stream/queue.h"

namespace pipit {

/// One edge as seen by one replica of its consumer.
struct InStream {
  std::vector<ChunkQueue*> queues;  // by replica of the producer: item i comes from queue i % size
  std::uint32_t depth = 0;          // of its domain
  bool driver = true;               // its rows are the joined rows; otherwise its values are repeated
};

/// Where a joined column comes from.
struct JoinedColumn {
  std::size_t stream = 0;
  std::size_t column = 0;  // of the stream's chunks
};

/// Reads a node's in-edges and gives joined chunks, item by item. Used by one thread.
class Joiner {
 public:
  struct Shape {
    std::vector<InStream> streams;
    std::vector<JoinedColumn> columns;
    std::vector<JoinedColumn> beside;  // values that stand beside a window: wanted once for each mark of `beside_depth`
    std::uint32_t beside_depth = 0;
    std::int64_t first_item = 0;  // of this replica
    std::int64_t step = 1;
  };

  /// `before_waiting` is called before it blocks without a limit, so that all that was made so far moves on.
  Joiner(Shape shape, std::function<void()> before_waiting);

  struct Joined {
    Chunk chunk;                             // its columns as asked for
    std::vector<std::vector<Value>> beside;  // beside[column][n]: for the chunk's n-th mark of `beside_depth`
  };

  enum class Got { kChunk, kNothingYet, kNothingMore };
  /// The next chunk of the current item, or of the next one. Waits for it until `deadline`; without one as long as it
  /// takes.
  Got next(Joined& joined, Deadline deadline);

  std::chrono::nanoseconds waited() const { return waited_; }

 private:
  /// What is being read of a stream.
  struct Cursor {
    Chunk chunk;
    std::uint32_t row = 0;  // next
    std::size_t mark = 0;   // next
    bool in_rows = false;   // the joined rows have columns of it; otherwise it stands beside windows only
    bool loaded = false;    // of a repeated stream: `held` is the row that holds now
    std::vector<Value> held;

    bool exhausted() const { return row == chunk.rows && mark == chunk.marks.size(); }
    bool at_row() const { return row < chunk.rows && (mark == chunk.marks.size() || row < chunk.marks[mark].after); }
    void load();
  };
  enum class Step { kReady, kWouldBlock, kBroken, kOver };

  Step fetch(std::size_t stream, Deadline deadline);
  Step expect_row(std::size_t stream, Deadline deadline);
  Step expect_mark(std::size_t stream, std::uint32_t depth, Deadline deadline);
  Step prepare(Deadline deadline);
  Step prepare_mark(std::uint32_t depth, Deadline deadline);
  void take(Joined& joined);
  void take_mark(std::uint32_t depth, Joined& joined);
  bool drop_item(Joined& joined);
  Got next_alone(Joined& joined, Deadline deadline);
  bool is_repeated_at(std::size_t stream, std::uint32_t depth) const;

  Shape shape_;
  std::function<void()> before_waiting_;
  std::vector<Cursor> cursors_;
  std::size_t driver_ = 0;  // the first stream that is one
  std::int64_t item_;
  std::chrono::nanoseconds waited_{0};
};

}  // namespace pipit
