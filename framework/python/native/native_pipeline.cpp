#include "native/native_pipeline.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <exception>
#include <thread>
#include <utility>

#include "native/conversion.h"
#include "native/host_functions.h"

namespace pipit::python {
namespace {

/// Called by threads of the runtime.
std::function<void(const std::string&)> warner(const nb::object& callback) {
  return [held = Held(callback)](const std::string& message) {
    if (Py_IsInitialized() == 0) return;
    const nb::gil_scoped_acquire gil;
    try {
      held.get()(message);
    } catch (nb::python_error& e) {
      e.discard_as_unraisable("pipit: on_warning");
    }
  };
}

nb::object stats_of(const NodeStats& node) {
  nb::dict out;
  out["name"] = node.name;
  out["op"] = node.op;
  out["items"] = node.items;
  out["rows_in"] = node.rows_in;
  out["rows_out"] = node.rows_out;
  out["calls"] = node.calls;
  out["failed"] = node.failed;
  out["busy_s"] = node.busy_s;
  out["waiting_s"] = node.waiting_s;
  out["blocked_s"] = node.blocked_s;
  out["in_call_s"] = node.in_call_s;
  out["queued_rows"] = node.queued_rows;
  out["queued_bytes"] = node.queued_bytes;
  nb::dict counters;
  for (const auto& [name, count] : node.counters) counters[name.c_str()] = count;
  out["counters"] = counters;
  nb::dict facts;
  for (const auto& [name, value] : node.facts) facts[name.c_str()] = to_python(value);
  out["facts"] = facts;
  return out;
}

}  // namespace

NativePipeline::NativePipeline(const nb::dict& settings) {
  const Options options = this->options(settings);
  const auto text = nb::cast<std::string>(settings["text"]);
  const auto file = nb::cast<std::string>(settings["file"]);
  const auto folder = nb::cast<std::string>(settings["folder"]);
  bool interrupted = false;
  Options opening = options;
  opening.cancel_opening = [&] {
    const nb::gil_scoped_acquire gil;
    interrupted = PyErr_CheckSignals() != 0;
    return interrupted;
  };
  std::exception_ptr failure;
  {
    const nb::gil_scoped_release release;
    try {
      pipeline_ = std::make_shared<Pipeline>(file.empty() ? Pipeline::parse(text, folder, opening)
                                                          : Pipeline::open(file, opening));
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (interrupted && PyErr_Occurred() != nullptr) throw nb::python_error();
  if (failure) std::rethrow_exception(failure);
}

NativePipeline::~NativePipeline() {
  close();
}

Options NativePipeline::options(const nb::dict& settings) {
  Options options;
  options.set = nb::cast<std::vector<std::pair<std::string, std::string>>>(settings["set"]);
  for (nb::handle folder : nb::list(settings["operator_path"])) {
    options.operator_path.emplace_back(nb::cast<std::string>(folder));
  }
  for (nb::handle operator_ : nb::list(settings["operators"])) {
    options.operators.push_back(host_operator(operator_, flight_.get()));
  }
  options.threads = nb::cast<int>(settings["threads"]);
  options.items_in_flight = items_in_flight_ = nb::cast<int>(settings["items_in_flight"]);
  options.spaces = nb::cast<bool>(settings["spaces"]);
  options.on_warning = warner(nb::object(settings["on_warning"]));
  return options;
}

Pipeline& NativePipeline::open() {
  if (pipeline_ == nullptr) throw Error("unavailable", "the pipeline is closed; open another one");
  return *pipeline_;
}

/// Counted here as well as in the runtime, so that a wait for room can be interrupted.
bool NativePipeline::enter(bool wait) {
  const auto room = [this] { return flight_->items < items_in_flight_ || flight_->cancelled; };
  for (;;) {
    {
      const std::scoped_lock lock(flight_->mutex);
      if (room()) {
        ++flight_->items;
        return true;
      }
    }
    if (!wait) return false;
    wait_with_signals(flight_->mutex, flight_->changed, std::chrono::steady_clock::time_point::max(), room);
  }
}

std::shared_ptr<Pending> NativePipeline::submit(const nb::dict& inputs, bool wait) {
  open();
  if (Inside::of(flight_.get())) {
    throw Error("unavailable", "an operator of this pipeline cannot give it items: it would wait for itself");
  }
  Inputs values;
  for (const auto& [name, value] : inputs) {
    const auto input = nb::cast<std::string>(name);
    values.emplace_back(input, to_value(value, ("input '" + input + "'").c_str()));
  }
  if (!enter(wait)) return nullptr;
  auto pending = std::make_shared<Pending>();
  std::shared_ptr<Pipeline> pipeline = pipeline_;  // another thread may close it meanwhile
  const auto leave = [flight = flight_] {
    {
      const std::scoped_lock lock(flight->mutex);
      --flight->items;
    }
    flight->changed.notify_all();
  };
  if (pipeline == nullptr) {
    leave();
    open();
  }
  const nb::gil_scoped_release release;
  const std::shared_ptr<Pipeline> used = std::move(pipeline);  // the last one joins threads, without the GIL
  try {
    used->submit(std::move(values), [leave, pending, flight = flight_.get()](Result result) {
      const Inside here(flight);
      leave();
      pending->fulfil(std::move(result));
    });
  } catch (...) {
    leave();
    throw;
  }
  return pending;
}

std::vector<ColumnInfo> NativePipeline::inputs() {
  return open().inputs();
}

std::vector<ColumnInfo> NativePipeline::outputs() {
  return open().outputs();
}

nb::object NativePipeline::stats() {
  nb::list all;
  for (const NodeStats& node : open().stats()) all.append(stats_of(node));
  return all;
}

nb::object NativePipeline::describe() {
  return to_python(open().describe());
}

nb::object NativePipeline::index() {
  const std::optional<IndexInfo> info = open().index();
  if (!info) return nb::none();
  nb::dict queries;
  for (const IndexInfo::Query& query : info->queries) {
    nb::dict set;
    for (const auto& [target, value] : query.set) set[target.c_str()] = value;
    queries[query.key.c_str()] = nb::make_tuple(query.file.string(), set);
  }
  nb::dict out;
  out["vector"] = info->vector;
  out["queries"] = queries;
  return out;
}

std::string NativePipeline::explain() {
  return open().explain();
}

void NativePipeline::cancel() {
  if (pipeline_ == nullptr) return;
  {
    const std::scoped_lock lock(flight_->mutex);
    flight_->cancelled = true;
  }
  flight_->changed.notify_all();
  std::shared_ptr<Pipeline> pipeline = pipeline_;
  const nb::gil_scoped_release release;
  const std::shared_ptr<Pipeline> used = std::move(pipeline);
  used->cancel();
}

void NativePipeline::close() {
  cancel();
  std::shared_ptr<Pipeline> pipeline = std::exchange(pipeline_, nullptr);
  if (pipeline == nullptr) return;
  if (Inside::of(flight_.get())) {
    // Its own thread cannot wait for its own end; another one does.
    std::thread([last = std::move(pipeline)]() mutable { last.reset(); }).detach();
    return;
  }
  const nb::gil_scoped_release release;
  pipeline.reset();
}

}  // namespace pipit::python
