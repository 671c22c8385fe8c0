#include "runtime/stream/windower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "value/object.h"

namespace pipit {
namespace {

using By = WindowSpec::Kind;

// Of a chunk that is given: windows that overlap share their rows, and a group's last ones all come at its end.
constexpr std::uint32_t kMostWindows = 64;
constexpr std::size_t kMostValues = 64 * 1024;

constexpr double kMostMs = 9e15;  // beyond it a double no longer tells one millisecond from the next

/// Of a number, or of a frame.
double time_of(const Value& value) {
  double ms = std::nan("");
  if (value.kind() == Kind::kFrame) {
    ms = value.frame().info().timestamp_ms;
  } else if (value.kind() == Kind::kInt || value.kind() == Kind::kFloat) {
    ms = value.number();
  }
  if (!(std::abs(ms) < kMostMs)) {
    throw Error("invalid_input", fmt::format("a window with times needs a time in milliseconds for each row, found {}",
                                             std::isnan(ms) ? "none" : fmt::format("{}", ms)));
  }
  return ms;
}

}  // namespace

Windower::Windower(Setup setup)
    : setup_(std::move(setup)), size_ms_(setup_.window.seconds * 1000), step_ms_(setup_.window.step_s * 1000) {
  const auto beside = std::ranges::count(setup_.ports, Port::kBeside);
  kept_.resize(setup_.ports.size() - static_cast<std::size_t>(beside));
}

bool Windower::take(Joiner::Joined& joined, Chunk& out) {
  out = Chunk{};
  out.item = joined.chunk.item;
  out.columns.resize(setup_.ports.size() + setup_.facts.size());
  values_ = 0;
  const std::vector<Mark>& marks = joined.chunk.marks;
  const auto more = [&] { return next_row_ < joined.chunk.rows || next_mark_ < marks.size(); };
  while (more() && out.rows < kMostWindows && values_ < kMostValues) {
    const bool at_mark = next_mark_ < marks.size() && next_row_ == marks[next_mark_].after;
    if (at_mark) {
      const std::uint32_t depth = marks[next_mark_].depth;
      if (depth == setup_.depth_group && !end_group(joined, out)) continue;
      if (depth <= setup_.depth_group) out.marks.push_back({out.rows, depth});
      ++next_mark_;
    } else if (add_row(joined, next_row_, out)) {
      ++next_row_;
    }
  }
  if (more()) return false;
  next_row_ = 0;
  next_mark_ = 0;
  groups_ended_ = 0;
  return true;
}

void Windower::drop() {
  forget(row_bytes_.size());
  first_row_ = 0;
  window_ = 0;
  open_ = false;
  last_time_ = 0;
}

void Windower::drop_chunk() {
  drop();
  next_row_ = 0;
  next_mark_ = 0;
  groups_ended_ = 0;
}

/// False: a window was given, and the row is to be added again.
bool Windower::add_row(Joiner::Joined& joined, std::uint32_t row, Chunk& out) {
  const By kind = setup_.window.kind;
  if (kind == By::kTime) {
    const double time = checked_time(joined.chunk.columns.back()[row]);
    if (open_ && time >= end_ms()) {
      give_timed(out);
      return false;
    }
    if (!enter_time(time)) return true;
  }
  if (kind == By::kCount && first_row_ < first_of_window() && row_bytes_.empty()) {
    ++first_row_;
    return true;
  }
  if (kind != By::kTime && setup_.timed) times_.push_back(time_of(joined.chunk.columns.back()[row]));
  std::size_t bytes = 0;
  for (std::size_t c = 0; c < kept_.size(); ++c) {
    Value& value = joined.chunk.columns[c][row];
    bytes += value_bytes(value);
    kept_[c].push_back(std::move(value));
  }
  row_bytes_.push_back(bytes);
  bytes_ += bytes;
  if (bytes_ > setup_.max_bytes) {
    throw Error("item_too_large",
                fmt::format("a window of more than {} MiB; sample fewer rows before it", setup_.max_bytes >> 20));
  }
  if (kind == By::kCount && static_cast<std::int64_t>(row_bytes_.size()) == setup_.window.size) give_counted(out);
  return true;
}

double Windower::checked_time(const Value& value) const {
  const double time = time_of(value);
  if (time < last_time_ && time >= 0) {
    throw Error(
        "invalid_input",
        fmt::format("a window by time needs times that do not go back, found {} ms after {} ms", time, last_time_));
  }
  return time;
}

/// Windows that end before this time have been given. False when the row that has it is in no window.
bool Windower::enter_time(double time) {
  if (time < 0) return false;
  last_time_ = time;
  if (!open_) {
    if (time >= end_ms()) {
      window_ = static_cast<std::int64_t>(std::floor(time / step_ms_));
      if (start_ms() > time) --window_;  // the division was rounded up
    }
    open_ = time >= start_ms() && time < end_ms();
  }
  if (open_) times_.push_back(time);
  return open_;
}

/// False: a window was given, and more of the group may follow.
bool Windower::end_group(const Joiner::Joined& joined, Chunk& out) {
  switch (setup_.window.kind) {
    case By::kAll:
      give(row_bytes_.size(), &joined, out);
      break;
    case By::kCount:
      if (row_bytes_.empty()) break;
      give_counted(out);
      return false;
    case By::kTime:
      if (!open_) break;
      give_timed(out);
      return false;
  }
  ++groups_ended_;
  drop();
  return true;
}

/// The kept rows begin with the window's first.
void Windower::give_counted(Chunk& out) {
  const auto have = static_cast<std::int64_t>(row_bytes_.size());
  give(static_cast<std::size_t>(std::min<std::int64_t>(have, setup_.window.size)), nullptr, out);
  ++window_;
  forget(static_cast<std::size_t>(std::min(have, first_of_window() - first_row_)));
}

void Windower::give_timed(Chunk& out) {
  const auto last = std::ranges::lower_bound(times_, end_ms());
  give(static_cast<std::size_t>(last - times_.begin()), nullptr, out);
  ++window_;
  const auto first = std::ranges::lower_bound(times_, start_ms());
  forget(static_cast<std::size_t>(first - times_.begin()));
  open_ = !times_.empty();
}

/// A window of the first `size` kept rows. `group`: what stands beside the whole of it.
void Windower::give(std::size_t size, const Joiner::Joined* group, Chunk& out) {
  std::size_t column = 0;
  std::size_t beside = 0;
  for (std::size_t port = 0; port < setup_.ports.size(); ++port) {
    if (setup_.ports[port] == Port::kBeside) {
      out.columns[port].push_back(group->beside[beside++][groups_ended_]);
      continue;
    }
    const std::deque<Value>& rows = kept_[column++];
    if (setup_.ports[port] == Port::kFirst) {
      out.columns[port].push_back(rows.front());
    } else {
      out.columns[port].push_back(
          Value::list(std::vector<Value>(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(size))));
    }
  }
  for (std::size_t f = 0; f < setup_.facts.size(); ++f) {
    out.columns[setup_.ports.size() + f].emplace_back(fact(setup_.facts[f], size));
  }
  ++out.rows;
  values_ += size;
}

/// A window by time has edges; the others begin and end with the times of their rows.
std::int64_t Windower::fact(WindowFact fact, std::size_t size) const {
  if (fact == WindowFact::kRows) return static_cast<std::int64_t>(size);
  const bool start = fact == WindowFact::kStart;
  if (setup_.window.kind == By::kTime) return std::llround(start ? start_ms() : end_ms());
  return size == 0 ? 0 : std::llround(start ? times_.front() : times_[size - 1]);
}

void Windower::forget(std::size_t rows) {
  const auto drop_from = [rows](auto& kept) {
    kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(rows));
  };
  for (std::size_t r = 0; r < rows; ++r) bytes_ -= row_bytes_[r];
  for (std::deque<Value>& column : kept_) drop_from(column);
  drop_from(row_bytes_);
  if (setup_.timed) drop_from(times_);
  first_row_ += static_cast<std::int64_t>(rows);
}

}  // namespace pipit
