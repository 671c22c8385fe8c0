#include "node_worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "object.h"

namespace pipit {
namespace {

/// A chunk is passed on at this size, so that large rows (frames) move at once.
constexpr std::size_t kChunkBytes = 64 * 1024;

void add(std::atomic<std::int64_t>& counter, std::int64_t n) {
  // One writer: no need for a locked addition.
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

const pipit_value* raw(const std::vector<Value>& values, std::size_t from = 0) {
  return reinterpret_cast<const pipit_value*>(values.data() + from);
}

}  // namespace

OperatorInstance::OperatorInstance(const pipit_operator& table, const Value& arguments, pipit_context& context)
    : table_(table) {
  const pipit_create_request request{sizeof(pipit_create_request), 0, arguments.raw(), &context};
  pipit_error error;
  if (table.create(&request, &instance_, &error) != 0) throw Error(error.code, error.message);
}

std::string OperatorInstance::output_type(std::uint32_t port) const {
  pipit_text text;
  if (table_.output_type == nullptr || table_.output_type(instance_, port, &text) != 0) return {};
  return text.text;
}

Value OperatorInstance::report() const {
  pipit_value facts{};
  pipit_error error;
  if (table_.report == nullptr || table_.report(instance_, &facts, &error) != 0) return {};
  return Value::adopt(facts);
}

NodeWorker::NodeWorker(Setup setup)
    : setup_(std::move(setup)),
      mode_(setup_.graph_node->mode),
      in_ports_(setup_.graph_node->ports().inputs),
      out_ports_(setup_.graph_node->ports().outputs),
      marks_rows_(setup_.depth_out > setup_.depth_in && setup_.depth_in > 0),
      joiner_(std::move(setup_.in), [this] { flush(); }) {
  if (mode_ == Mode::kWindow) window_.resize(in_ports_.size());
}

void NodeWorker::run() {
  Joiner::Joined joined;
  while (joiner_.next(joined)) {
    work(joined);
    stats_.waiting_ns.store(joiner_.waited().count(), std::memory_order_relaxed);
    stats_.blocked_ns.store(blocked_.count(), std::memory_order_relaxed);
  }
  setup_.instance.reset();
}

void NodeWorker::work(Joiner::Joined& joined) {
  item_ = joined.chunk.item;
  windows_ended_ = 0;
  add(stats_.rows_in, joined.chunk.rows);
  std::uint32_t row = 0;
  const auto pass_rows = [&](std::uint32_t last) {
    if (row == last || skipping()) return;
    if (mode_ == Mode::kWindow) {
      gather(joined, row, last);
    } else {
      work_rows(joined, row, last);
    }
    row = last;
  };
  for (const Mark& mark : joined.chunk.marks) {
    pass_rows(mark.after);
    pass_mark(joined, mark.depth);
  }
  pass_rows(joined.chunk.rows);
  if (joined.chunk.ends_item()) end_item();
}

void NodeWorker::work_rows(Joiner::Joined& joined, std::uint32_t first, std::uint32_t last) {
  const std::uint32_t most = setup_.batch > 0 ? setup_.batch : last - first;
  std::vector<const pipit_value*> columns(in_ports_.size());
  for (; first < last && !skipping(); first += call_rows_) {
    if (!ready_instance()) return;
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c] = raw(joined.chunk.columns[c], first);
    make_call(setup_.table->process, std::min(most, last - first), columns);
    if (mode_ == Mode::kFilter) {
      for (std::uint32_t r = 0; r < call_rows_ && !skipping(); ++r) {
        if (emitted_[r].empty()) break;  // settle below says so
        if (emitted_[r][0].boolean()) {
          std::vector<Value> kept;
          for (std::size_t c = in_ports_.size(); c < joined.chunk.columns.size(); ++c) {
            kept.push_back(std::move(joined.chunk.columns[c][first + r]));
          }
          append(std::move(kept));
        }
        if (marks_rows_) mark(setup_.depth_in);
      }
    }
    settle();
  }
}

/// What a call must have emitted is there, and goes on.
void NodeWorker::settle() {
  if (mode_ == Mode::kFlatMap) {
    for (; marks_rows_ && marked_ < call_rows_ && !skipping(); ++marked_) mark(setup_.depth_in);
    return;
  }
  for (std::uint32_t r = 0; r < emitted_.size() && !skipping(); ++r) {
    if (emitted_[r].empty()) {
      fail_item("operator_failed",
                fmt::format("operator '{}' gave no row where it must give one", setup_.graph_node->op.name));
    } else if (mode_ != Mode::kFilter) {
      append(std::move(emitted_[r]));
    }
  }
}

/// A window's input that holds one value for all of its rows. Where the rows are the items themselves, it is one of
/// them.
bool NodeWorker::stands_beside(std::size_t port) const {
  return in_ports_[port].count == PortCount::kOne && setup_.depth_in > 0;
}

void NodeWorker::gather(Joiner::Joined& joined, std::uint32_t first, std::uint32_t last) {
  for (std::size_t port = 0, column = 0; port < in_ports_.size(); ++port) {
    if (stands_beside(port)) continue;
    std::vector<Value>& from = joined.chunk.columns[column++];
    for (std::uint32_t r = first; r < last; ++r) {
      window_bytes_ += value_bytes(from[r]);
      window_[port].push_back(std::move(from[r]));
    }
  }
  if (window_bytes_ > setup_.window_bytes) {
    fail_item("item_too_large",
              fmt::format("a window of more than {} MiB; sample fewer rows before it", setup_.window_bytes >> 20));
  }
}

void NodeWorker::pass_mark(Joiner::Joined& joined, std::uint32_t depth) {
  if (depth == setup_.depth_group && !skipping()) {
    if (mode_ == Mode::kWindow) {
      call_window(joined);
    } else if (setup_.graph_node->op.signature.per_item) {
      finish_group();
    }
  }
  // The mark of depth 0 is set by end_item, once.
  if (depth > 0 && depth < setup_.depth_out && !skipping()) mark(depth);
}

void NodeWorker::call_window(Joiner::Joined& joined) {
  const std::size_t nth = windows_ended_++;
  std::vector<Value> inputs;
  std::vector<const pipit_value*> columns;
  for (std::size_t port = 0, column = 0; port < in_ports_.size(); ++port) {
    if (stands_beside(port)) {
      inputs.push_back(joined.beside[column++][nth]);
      continue;
    }
    std::vector<Value> rows = std::exchange(window_[port], {});
    inputs.push_back(in_ports_[port].count == PortCount::kMany ? Value::list(std::move(rows))
                                                               : std::move(rows.front()));
  }
  window_bytes_ = 0;
  for (std::size_t port = 0; port < inputs.size(); ++port) columns.push_back(raw(inputs, port));
  if (!ready_instance()) return;
  make_call(setup_.table->process, 1, columns);
  settle();
}

/// The rows that one instance of a per_item operator belongs to have passed.
void NodeWorker::finish_group() {
  if (!ready_instance()) return;
  if (mode_ == Mode::kReduce || mode_ == Mode::kFlatMap) {
    call_rows_ = 0;
    emitted_.clear();
    if (setup_.table->finish != nullptr) make_call(setup_.table->finish, 0, {});
    if (mode_ == Mode::kReduce) settle();
  }
  setup_.instance.reset();
}

bool NodeWorker::ready_instance() {
  if (setup_.instance) return true;
  try {
    setup_.instance = std::make_unique<OperatorInstance>(*setup_.table, setup_.graph_node->arguments, *setup_.context);
    return true;
  } catch (const Error& e) {
    fail_item(e.code(), e.what());
    return false;
  }
}

void NodeWorker::make_call(Call function, std::uint32_t rows, const std::vector<const pipit_value*>& columns) {
  const bool finishing = function == setup_.table->finish;
  call_rows_ = rows;
  marked_ = 0;
  emitted_.assign(mode_ == Mode::kFlatMap || (mode_ == Mode::kReduce && !finishing) ? 0 : std::max(rows, 1u), {});
  pipit_emitter emitter{this};
  const pipit_call call{sizeof(pipit_call), rows,    static_cast<std::uint32_t>(columns.size()), 0,
                        columns.data(),     &emitter};
  pipit_error error;
  const auto blocked = blocked_;
  const Time begin = std::chrono::steady_clock::now();
  stats_.call_began.store(begin.time_since_epoch().count(), std::memory_order_relaxed);
  const int status = function(setup_.instance->get(), &call, &error);
  const Time end = std::chrono::steady_clock::now();
  stats_.call_began.store(0, std::memory_order_relaxed);
  add(stats_.calls, 1);
  add(stats_.busy_ns, (end - begin - (blocked_ - blocked)).count());
  if (setup_.on_span) tell(Span::Kind::kCall, rows, begin, end);
  if (status != 0) fail_item(error.code, error.message);
}

bool NodeWorker::emit(std::uint32_t row, pipit_value* outputs) {
  std::vector<Value> values;
  values.reserve(out_ports_.size());
  for (std::size_t port = 0; port < out_ports_.size(); ++port) values.push_back(Value::adopt(outputs[port]));
  if (stop_requested()) return false;
  for (std::size_t port = 0; port < values.size(); ++port) {
    if (out_ports_[port].type.holds(values[port])) continue;
    fail_item("operator_failed",
              fmt::format("operator '{}' gave {} for its output '{}', which is {}", setup_.graph_node->op.name,
                          type_of(values[port]), out_ports_[port].name, out_ports_[port].type.text()));
    return false;
  }
  if (mode_ == Mode::kFlatMap) {
    if (row < marked_ || row >= std::max(call_rows_, 1u)) {
      fail_item("operator_failed", fmt::format("operator '{}' gave rows out of order", setup_.graph_node->op.name));
      return false;
    }
    for (; marks_rows_ && marked_ < row; ++marked_) mark(setup_.depth_in);
    append(std::move(values));
  } else if (row >= emitted_.size() || !emitted_[row].empty()) {
    fail_item("operator_failed",
              fmt::format("operator '{}' gave more than one row where it must give one", setup_.graph_node->op.name));
  } else {
    emitted_[row] = std::move(values);
  }
  return !stop_requested();
}

void NodeWorker::fail(std::uint32_t, Error error) {
  fail_item(error.code(), error.what());
}

bool NodeWorker::stop_requested() const {
  return skipping() || setup_.stopping->load(std::memory_order_relaxed);
}

void NodeWorker::fail_item(std::string code, std::string message) {
  if (!skipping()) add(stats_.failed, 1);
  item_->fail(setup_.node, {setup_.name, std::move(code), std::move(message)});
}

void NodeWorker::append(std::vector<Value> row) {
  if (out_.columns.empty()) out_.columns.resize(row.size());
  for (std::size_t c = 0; c < row.size(); ++c) {
    out_.bytes += value_bytes(row[c]);
    out_.columns[c].push_back(std::move(row[c]));
  }
  ++out_.rows;
  add(stats_.rows_out, 1);
  if (out_.tokens() >= setup_.chunk_rows || out_.bytes >= kChunkBytes) flush();
}

void NodeWorker::mark(std::uint32_t depth) {
  out_.marks.push_back({out_.rows, depth});
  if (out_.tokens() >= setup_.chunk_rows) flush();
}

void NodeWorker::flush() {
  if (out_.tokens() == 0) return;
  Chunk chunk = std::exchange(out_, {});
  chunk.columns.resize(setup_.graph_node->outputs.size());
  if (!skipping() && !setup_.results.empty()) {
    if (item_->output_bytes.fetch_add(chunk.bytes) + chunk.bytes > Item::kMaxOutputBytes) {
      fail_item("item_too_large",
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
      if (setup_.on_span) tell(Span::Kind::kBlocked, chunk.rows, begin, end);
    }
    if (!taken && !skipping()) {
      item_->fail(out.consumer, {out.consumer_name, "item_too_large",
                                 "more rows wait here for the whole item than 'hold' allows; raise it"});
    }
  }
}

void NodeWorker::tell(Span::Kind kind, std::int64_t rows, Time begin, Time end) const {
  setup_.on_span({kind, setup_.name, setup_.replica, rows, item_->id, item_->id, begin, end});
}

void NodeWorker::end_item() {
  if (skipping()) {
    out_ = Chunk{};
    for (std::vector<Value>& column : window_) column.clear();
    window_bytes_ = 0;
    if (setup_.graph_node->op.signature.per_item) setup_.instance.reset();
  }
  out_.marks.push_back({out_.rows, 0});
  flush();
  add(stats_.items, 1);
  setup_.on_passed(std::move(item_));
  item_ = nullptr;
}

}  // namespace pipit
