// Rows become windows: a chunk of joined rows goes in, a chunk whose rows are windows comes out.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/stream/joiner.h"
#include "spec/spec.h"

namespace pipit {

/// The windows of one node replica. Used by one thread.
///   all      one window for each group of rows, an empty one too; given at the group's end
///   count    rows [k·step, k·step + size) of the group, as long as there are any; the last windows may be shorter
///   time     times [k·step, k·step + size), which begin at 0 in each group; windows without rows are skipped, and
///   after
///            one the windows go on with the last that begins at or before the next row (as Towhee's do)
/// Count and time windows are given as soon as they are whole: of a long group only what they still want stays here.
class Windower {
 public:
  /// How an input port of the operator gets its value.
  enum class Port {
    kRows,    // a list of the window's rows
    kFirst,   // the value of the window's first row; all of them have the same
    kBeside,  // the value that stands beside the whole group
  };

  struct Setup {
    WindowSpec window;
    std::vector<Port> ports;        // each has a column of the joined rows, in this order; kBeside a value beside them
    std::vector<WindowFact> facts;  // columns behind those of the ports
    bool timed = false;             // the last joined column is the time of the row
    std::uint32_t depth_group = 0;  // of the domain for whose one row there is one group
    std::size_t max_bytes = 0;      // of the rows that stay here
  };

  explicit Windower(Setup setup);

  /// The windows that the chunk completes, and its marks down to the groups', in order. Takes the rows. Throws
  /// pipit::Error when the item cannot go on: a window of more bytes than allowed, a time that is none or goes back.
  /// False when it has given as many windows as one chunk shall have: call it again with the same `joined`.
  bool take(Joiner::Joined& joined, Chunk& out);
  /// Forgets the rows of an item that has failed, and what take() left of its chunk.
  void drop_chunk();

 private:
  void drop();
  bool add_row(Joiner::Joined& joined, std::uint32_t row, Chunk& out);
  double checked_time(const Value& value) const;
  bool enter_time(double time);
  bool end_group(const Joiner::Joined& joined, Chunk& out);
  void give_counted(Chunk& out);
  void give_timed(Chunk& out);
  void give(std::size_t size, const Joiner::Joined* group, Chunk& out);
  std::int64_t fact(WindowFact fact, std::size_t size) const;
  void forget(std::size_t rows);

  std::int64_t first_of_window() const { return window_ * setup_.window.step; }
  double start_ms() const { return static_cast<double>(window_) * step_ms_; }
  double end_ms() const { return start_ms() + size_ms_; }

  const Setup setup_;
  const double size_ms_;
  const double step_ms_;
  std::vector<std::deque<Value>> kept_;  // by joined column: the rows that a window may still want
  std::deque<double> times_;             // of the kept rows
  std::deque<std::size_t> row_bytes_;    // of the kept rows
  std::size_t bytes_ = 0;
  double last_time_ = 0;
  std::int64_t first_row_ = 0;  // the first kept one, counted in the group
  std::int64_t window_ = 0;     // the next one to give: its k
  bool open_ = false;           // of time windows: the next one has a row
  // Of the chunk that take() works on.
  std::uint32_t next_row_ = 0;
  std::size_t next_mark_ = 0;
  std::size_t groups_ended_ = 0;
  std::size_t values_ = 0;  // in the windows of `out`
};

}  // namespace pipit
