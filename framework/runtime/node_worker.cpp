#include "runtime/node_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "module/foreign_code.h"
#include "value/object.h"

namespace pipit {
namespace {

/// A chunk is passed on at this size, so that large rows (frames) move at once.
constexpr std::size_t kChunkBytes = 64 * 1024;

/// Rows of so many bytes are worth a call, however many a call may take; and one call takes no more, but for a single
/// row that is larger.
constexpr std::size_t kMostCallBytes = std::size_t{64} << 20;

void add(std::atomic<std::int64_t>& counter, std::int64_t n) {
  // One writer: no need for a locked addition.
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

const pipit_value* raw(const std::vector<Value>& values, std::size_t from = 0) {
  return reinterpret_cast<const pipit_value*>(values.data() + from);
}

/// What an operator emitted for a row. Whatever is not taken is released, however the call ends.
class Outputs {
 public:
  Outputs(pipit_value* values, std::size_t count) : values_(values), count_(count) {}
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  ~Outputs() {
    for (std::size_t port = 0; port < count_; ++port) take(port);
  }
  Value take(std::size_t port) { return Value::adopt(std::exchange(values_[port], {})); }

 private:
  pipit_value* const values_;
  const std::size_t count_;
};

}  // namespace

NodeWorker::NodeWorker(Setup setup)
    : setup_(std::move(setup)),
      mode_(setup_.graph_node->mode),
      in_ports_(setup_.graph_node->ports().inputs),
      out_ports_(setup_.graph_node->ports().outputs),
      facts_(setup_.graph_node->facts.size()),
      per_item_(setup_.graph_node->op.signature.per_item),
      marks_rows_(mode_ != Mode::kWindow && setup_.depth_out > setup_.depth_in && setup_.depth_in > 0),
      enough_(setup_.batch.across_items ? setup_.batch.rows : 0),
      joiner_(std::move(setup_.in),
              [this] {
                work();
                flush();
              }),
      gathered_(in_ports_.size()),
      results_(out_ports_.size()) {
  if (setup_.windows) windower_.emplace(std::move(*setup_.windows));
}

/// One row out: takes the values, one for each column.
template <class Values>
void NodeWorker::append(std::size_t columns, Values&& value_at) {
  if (out_.columns.empty()) out_.columns.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    Value value = value_at(c);
    out_.bytes += value_bytes(value);
    out_.columns[c].push_back(std::move(value));
  }
  ++out_.rows;
  if (out_.tokens() >= setup_.chunk_rows || out_.bytes >= kChunkBytes) flush();
}

void NodeWorker::run() {
  Joiner::Joined joined;
  for (Joiner::Got got{}; got != Joiner::Got::kNothingMore;) {
    if (deadline_ != kAtOnce && !waiting_.empty()) flush();
    got = joiner_.next(joined, waiting_.empty() ? kForever : deadline_);
    if (got == Joiner::Got::kChunk) take(joined);
    if (got == Joiner::Got::kNothingYet || waiting_rows_ == 0 || waiting_rows_ >= enough_ ||
        waiting_bytes_ >= kMostCallBytes) {
      work();
    }
    stats_.waiting_ns.store(joiner_.waited().count(), std::memory_order_relaxed);
    stats_.blocked_ns.store(blocked_.count(), std::memory_order_relaxed);
  }
  setup_.instance.reset();
}

void NodeWorker::take(Joiner::Joined& joined) {
  add(stats_.rows_in, joined.chunk.rows);
  if (!windower_) return await_call(std::move(joined.chunk));
  const std::shared_ptr<Item> item = joined.chunk.item;
  const bool ends = joined.chunk.ends_item();
  Chunk windows;
  for (bool all = false; !all && !item->failed;) {
    if (!attempt(*item, [&] { all = windower_->take(joined, windows); })) break;
    await_call(std::move(windows));
    if (!all) work();
  }
  if (!item->failed) return;
  // Of what is left only the item's end passes, once.
  windower_->drop_chunk();
  if (!ends || (!waiting_.empty() && waiting_.back().chunk.item == item && waiting_.back().chunk.ends_item())) return;
  Chunk end;
  end.item = item;
  end.marks.push_back({0, 0});
  await_call(std::move(end));
}

/// Puts a chunk behind those whose rows wait for a call.
void NodeWorker::await_call(Chunk chunk) {
  if (waiting_rows_ == 0 && setup_.batch.wait.count() > 0) {
    deadline_ = std::chrono::steady_clock::now() + setup_.batch.wait;
  }
  waiting_rows_ += chunk.rows;
  // Windows share their rows, so that a chunk of few values can be one of many bytes.
  if (enough_ > 0 || windower_) {
    for (const std::vector<Value>& column : chunk.columns) {
      for (const Value& value : column) waiting_bytes_ += value_bytes(value);
    }
  }
  waiting_.push_back({std::move(chunk)});
}

/// Calls for all rows that wait, and passes on everything up to the last mark.
void NodeWorker::work() {
  while (!waiting_.empty()) {
    assemble();
    if (call_rows_ > 0) call_process();
    for (const Slice& slice : slices_) deliver(slice);
    while (!waiting_.empty() && waiting_.front().done()) waiting_.pop_front();
  }
  waiting_rows_ = 0;
  waiting_bytes_ = 0;
}

/// The slices of the next call. Rows of items that have failed are left out; a slice without rows brings only marks.
void NodeWorker::assemble() {
  slices_.clear();
  call_rows_ = 0;
  const std::uint32_t most = setup_.batch.rows > 0 ? setup_.batch.rows : UINT32_MAX;
  std::size_t bytes = 0;
  for (Waiting& waiting : waiting_) {
    if (waiting.chunk.item->failed.load(std::memory_order_relaxed)) waiting.next_row = waiting.chunk.rows;
    const std::uint32_t rows =
        rows_that_fit(waiting, std::min(most - call_rows_, next_cut(waiting) - waiting.next_row), bytes);
    slices_.push_back({&waiting, waiting.next_row, rows, call_rows_});
    waiting.next_row += rows;
    call_rows_ += rows;
    if (!setup_.batch.across_items || call_rows_ == most || waiting.next_row < waiting.chunk.rows) return;
  }
}

/// How many of the next rows may come to a call whose rows so far have so many bytes.
std::uint32_t NodeWorker::rows_that_fit(const Waiting& waiting, std::uint32_t rows, std::size_t& bytes) const {
  if (waiting_bytes_ <= kMostCallBytes) return rows;  // all that wait
  for (std::uint32_t row = 0; row < rows; ++row) {
    std::size_t more = 0;
    for (std::size_t c = 0; c < in_ports_.size(); ++c) {
      more += value_bytes(waiting.chunk.columns[c][waiting.next_row + row]);
    }
    if (call_rows_ + row > 0 && bytes + more > kMostCallBytes) return row;
    bytes += more;
  }
  return rows;
}

/// A call ends where something must happen before the next row: the instance of a per_item operator changes; of a flat
/// map, which emits while it is called, any mark.
std::uint32_t NodeWorker::next_cut(const Waiting& waiting) const {
  if (mode_ != Mode::kFlatMap && !per_item_) return waiting.chunk.rows;
  for (std::size_t m = waiting.next_mark; m < waiting.chunk.marks.size(); ++m) {
    const Mark& mark = waiting.chunk.marks[m];
    if (mark.after >= waiting.next_row && (mode_ == Mode::kFlatMap || mark.depth <= setup_.depth_group)) {
      return mark.after;
    }
  }
  return waiting.chunk.rows;
}

void NodeWorker::call_process() {
  item_ = slices_.front().from->chunk.item;  // what a flat map emits is its
  call_offset_ = 0;
  if (!ready_instance(*slices_.front().from->chunk.item)) return;
  std::vector<const pipit_value*> columns(in_ports_.size());
  const Slice& first = slice_of(0);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (first.rows == call_rows_) {
      columns[c] = raw(first.from->chunk.columns[c], first.first);
      continue;
    }
    gathered_[c].clear();
    for (const Slice& slice : slices_) {
      if (slice.rows == 0) continue;  // a failed item's chunk may have lost its columns
      const pipit_value* values = raw(slice.from->chunk.columns[c], slice.first);
      gathered_[c].insert(gathered_[c].end(), values, values + slice.rows);
    }
    columns[c] = gathered_[c].data();
  }
  const bool gives_one = mode_ != Mode::kFlatMap && mode_ != Mode::kReduce;
  for (std::vector<Value>& port : results_) port.assign(gives_one ? call_rows_ : 0, Value());
  given_.assign(gives_one ? call_rows_ : 0, 0);
  pipit_error error;
  refused_ = false;
  const bool good = call(setup_.table->process, call_rows_, columns, error);
  if (&item_of(0) != &item_of(call_rows_ - 1)) {
    // A call for several items that has failed does not say whose fault it is. One that was told to stop for one item
    // may have left the others without an answer.
    if (!good || refused_) call_each_item(columns, good);
  } else if (!good) {
    fail_item(item_of(0), error.code, error.message);
  }
}

/// Each item, or each that has a row without a result, gets a call of its own.
void NodeWorker::call_each_item(std::vector<const pipit_value*> columns, bool unanswered_only) {
  const std::uint32_t all = call_rows_;
  for (std::uint32_t first = 0; first < all; first += call_rows_) {
    call_offset_ = first;
    call_rows_ = 1;
    while (first + call_rows_ < all && &item_of(call_rows_) == &item_of(0)) ++call_rows_;
    const auto given = std::ranges::subrange(given_.begin() + first, given_.begin() + first + call_rows_);
    const bool wanted = !item_of(0).failed && (!unanswered_only || std::ranges::find(given, 0) != given.end());
    if (wanted) {
      std::ranges::fill(given, 0);
      pipit_error error;
      if (!call(setup_.table->process, call_rows_, columns, error)) {
        fail_item(item_of(0), error.code, error.message);
      }
    }
    for (const pipit_value*& column : columns) column += call_rows_;
  }
}

/// Passes on the results of a slice and the marks that lie in it or follow it.
void NodeWorker::deliver(const Slice& slice) {
  Waiting& from = *slice.from;
  item_ = from.chunk.item;
  const std::uint32_t last = slice.first + slice.rows;
  std::uint32_t row = slice.first;
  while (from.next_mark < from.chunk.marks.size() && from.chunk.marks[from.next_mark].after <= last) {
    const Mark mark = from.chunk.marks[from.next_mark++];
    if (mark.after > row) attempt(*item_, [&] { deliver_rows(slice, row, mark.after); });
    row = std::max(row, mark.after);
    pass_mark(mark.depth);
  }
  if (row < last) attempt(*item_, [&] { deliver_rows(slice, row, last); });
}

void NodeWorker::deliver_rows(const Slice& slice, std::uint32_t first, std::uint32_t last) {
  if (mode_ == Mode::kReduce) return;
  if (mode_ == Mode::kFlatMap) {
    for (; marks_rows_ && marked_ < call_rows_ && !skipping(); ++marked_) mark(setup_.depth_in);
    return;
  }
  for (; first < last && !skipping(); ++first) {
    const std::uint32_t row = slice.call_row + first - slice.first;
    if (!given_[row]) {
      fail_item(*item_, "operator_failed",
                fmt::format("operator '{}' gave no row where it must give one", setup_.graph_node->op.name));
    } else if (mode_ != Mode::kFilter) {
      append(results_.size() + facts_, [&](std::size_t port) {
        if (port < results_.size()) return std::move(results_[port][row]);
        // A window's facts stand behind the operator's inputs.
        return std::move(slice.from->chunk.columns[in_ports_.size() + port - results_.size()][first]);
      });
    } else {
      // The kept columns stand behind those of the predicate.
      if (results_[0][row].boolean()) {
        append(setup_.graph_node->keep.size(),
               [&](std::size_t k) { return std::move(slice.from->chunk.columns[in_ports_.size() + k][first]); });
      }
      if (marks_rows_) mark(setup_.depth_in);
    }
  }
}

void NodeWorker::pass_mark(std::uint32_t depth) {
  if (depth == setup_.depth_group && per_item_ && !skipping()) finish_group();
  if (depth == 0) {
    end_item();
  } else if (depth < setup_.depth_out && !skipping()) {
    mark(depth);
  }
}

/// The rows that one instance of a per_item operator belongs to have passed.
void NodeWorker::finish_group() {
  if (!ready_instance(*item_)) return;
  if ((mode_ == Mode::kReduce || mode_ == Mode::kFlatMap) && setup_.table->finish != nullptr) {
    for (std::vector<Value>& port : results_) port.assign(mode_ == Mode::kReduce ? 1 : 0, Value());
    given_.assign(mode_ == Mode::kReduce ? 1 : 0, 0);
    call_rows_ = 0;
    call_offset_ = 0;
    pipit_error error;
    if (!call(setup_.table->finish, 0, {}, error)) fail_item(*item_, error.code, error.message);
  }
  setup_.instance.reset();
  if (mode_ != Mode::kReduce || skipping()) return;
  if (given_.empty() || !given_[0]) {
    fail_item(*item_, "operator_failed",
              fmt::format("operator '{}' gave no row where it must give one", setup_.graph_node->op.name));
  } else {
    append(results_.size(), [&](std::size_t port) { return std::move(results_[port][0]); });
  }
}

bool NodeWorker::ready_instance(Item& item) {
  if (setup_.instance) return true;
  return attempt(item, [&] {
    setup_.instance = std::make_unique<OperatorInstance>(*setup_.table, setup_.graph_node->arguments, *setup_.context);
  });
}

/// False: the operator gave an error.
bool NodeWorker::call(OperatorInstance::Function function, std::uint32_t rows,
                      const std::vector<const pipit_value*>& columns, pipit_error& error) {
  marked_ = 0;
  const pipit_call call{sizeof(pipit_call), rows,     static_cast<std::uint32_t>(columns.size()), 0,
                        columns.data(),     &emitter_};
  const auto blocked = blocked_;
  const Time begin = std::chrono::steady_clock::now();
  stats_.call_began.store(begin.time_since_epoch().count(), std::memory_order_relaxed);
  ForeignCall named = call_for(*setup_.context, nullptr);
  named.first_item = item_of(0).id;
  named.last_item = item_of(rows > 0 ? rows - 1 : 0).id;
  bool good = false;
  {
    const ForeignCode code(named);
    const ThreadBudget::Call counted(setup_.budget, setup_.context->threads);
    good = setup_.instance->call(function, call, error);
  }
  const Time end = std::chrono::steady_clock::now();
  stats_.call_began.store(0, std::memory_order_relaxed);
  add(stats_.calls, 1);
  add(stats_.busy_ns, (end - begin - (blocked_ - blocked)).count());
  if (setup_.on_span) {
    tell(Span::Kind::kCall, rows, item_of(0), item_of(rows > 0 ? rows - 1 : 0), begin, end);
  }
  return good;
}

/// Of a row of the call; of finish, which has no rows, the slice whose marks are being passed.
const NodeWorker::Slice& NodeWorker::slice_of(std::uint32_t row) const {
  const auto after = std::ranges::upper_bound(slices_, row + call_offset_, {}, &Slice::call_row);
  return *std::prev(after);
}

Item& NodeWorker::item_of(std::uint32_t row) const {
  return *slice_of(row).from->chunk.item;
}

bool NodeWorker::emit(std::uint32_t row, pipit_value* outputs) {
  Item& item = item_of(row);
  Outputs given(outputs, out_ports_.size());
  const auto refuse = [&](const std::string& what) {
    refused_ = true;
    if (!what.empty()) {
      fail_item(item, "operator_failed", fmt::format("operator '{}' gave {}", setup_.graph_node->op.name, what));
    }
    return false;
  };
  if (unwanted(item)) return refuse("");
  for (std::size_t port = 0; port < out_ports_.size(); ++port) {
    const auto& value = reinterpret_cast<const Value&>(outputs[port]);
    const Port& wanted = out_ports_[port];
    if (!wanted.type.holds(value)) {
      return refuse(
          fmt::format("{} for its output '{}', which is {}", type_of(value), wanted.name, wanted.type.text()));
    }
  }
  if (mode_ == Mode::kFlatMap) {
    if (row < marked_ || row >= std::max(call_rows_, 1u)) return refuse("rows out of order");
    for (; marks_rows_ && marked_ < row; ++marked_) mark(setup_.depth_in);
    append(out_ports_.size(), [&](std::size_t port) { return given.take(port); });
  } else {
    const std::size_t at = row + call_offset_;
    if (row >= std::max(call_rows_, 1u) || at >= given_.size() || given_[at]) {
      return refuse("more than one row where it must give one");
    }
    for (std::size_t port = 0; port < out_ports_.size(); ++port) results_[port][at] = given.take(port);
    given_[at] = 1;
  }
  if (unwanted(item)) refused_ = true;
  return !unwanted(item);
}

void NodeWorker::fail(std::uint32_t row, Error error) {
  fail_item(item_of(row), error.code(), error.what());
}

bool NodeWorker::stop_requested() const {
  return std::ranges::all_of(slices_, [this](const Slice& slice) { return unwanted(*slice.from->chunk.item); });
}

bool NodeWorker::unwanted(const Item& item) const {
  return item.failed.load(std::memory_order_relaxed) || setup_.stopping->load(std::memory_order_relaxed);
}

/// A step of an item's work: what it throws, whatever it is, is the item's error. Rows that were being passed on are
/// dropped with the item; its end still passes.
template <class Step>
bool NodeWorker::attempt(Item& item, Step&& step) {
  return detail::contain(step, [&](const char* code, const char* message) {
    if (item_.get() == &item) out_ = Chunk{};
    fail_item(item, code, message);
  });
}

void NodeWorker::fail_item(Item& item, std::string_view code, std::string_view message) noexcept {
  if (!item.failed) add(stats_.failed, 1);
  item.fail(setup_.node, setup_.name, code, message);
}

void NodeWorker::mark(std::uint32_t depth) {
  out_.marks.push_back({out_.rows, depth});
  if (out_.tokens() >= setup_.chunk_rows) flush();
}

void NodeWorker::flush() {
  if (out_.tokens() == 0) return;
  add(stats_.rows_out, out_.rows);
  Chunk chunk = std::exchange(out_, {});
  chunk.columns.resize(setup_.graph_node->outputs.size());
  if (!skipping() && !setup_.results.empty()) {
    if (item_->output_bytes.fetch_add(chunk.bytes) + chunk.bytes > Item::kMaxOutputBytes) {
      fail_item(*item_, "item_too_large",
                fmt::format("outputs of one item take more than {} MiB", Item::kMaxOutputBytes >> 20));
    }
    for (const auto& [column, output] : setup_.results) {
      auto& collected = item_->outputs[output];
      collected.insert(collected.end(), chunk.columns[column].begin(), chunk.columns[column].end());
    }
  }
  for (const OutStream& out : setup_.out) {
    const bool last = &out == &setup_.out.back();
    Chunk part;
    part.item = item_;
    part.rows = chunk.rows;
    part.marks = chunk.marks;
    part.bytes = chunk.bytes;
    for (std::size_t column : out.columns) {
      part.columns.push_back(last ? std::move(chunk.columns[column]) : chunk.columns[column]);
    }
    ChunkQueue& queue = *out.queues[static_cast<std::size_t>(item_->id) % out.queues.size()];
    Time begin{};
    const bool taken = queue.push(std::move(part), [&] { begin = std::chrono::steady_clock::now(); });
    if (begin != Time{}) {
      const Time end = std::chrono::steady_clock::now();
      blocked_ += end - begin;
      if (setup_.on_span) tell(Span::Kind::kBlocked, chunk.rows, *item_, *item_, begin, end);
    }
    if (!taken && !skipping()) {
      item_->fail(out.consumer, {out.consumer_name, "item_too_large",
                                 "more rows wait here for the whole item than 'hold' allows; raise it"});
    }
  }
}

void NodeWorker::tell(Span::Kind kind, std::int64_t rows, const Item& first, const Item& last, Time begin,
                      Time end) const {
  setup_.on_span({kind, setup_.name, setup_.replica, rows, first.id, last.id, begin, end});
}

void NodeWorker::end_item() {
  if (skipping()) {
    out_ = Chunk{};
    if (per_item_) setup_.instance.reset();
  }
  out_.marks.push_back({out_.rows, 0});
  flush();
  add(stats_.items, 1);
  setup_.on_passed(std::move(item_));
  item_ = nullptr;
}

}  // namespace pipit
