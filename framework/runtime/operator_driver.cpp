#include "runtime/operator_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pipit {
namespace {

bool any_of(const std::vector<Port>& ports, PortCount count) {
  return std::ranges::any_of(ports, [count](const Port& port) { return port.count == count; });
}

}  // namespace

Type row_type(const Port& port) {
  return port.count == PortCount::kMany ? Type::list_of(port.type) : port.type;
}

OperatorDriver::OperatorDriver(const OperatorModule& module, const Variant& ports, Value arguments,
                               pipit_context context)
    : module_(module), ports_(ports), arguments_(std::move(arguments)), context_(std::move(context)) {
  construct();
}

void OperatorDriver::construct() {
  instance_.reset();
  instance_ = std::make_unique<OperatorInstance>(*module_.table, arguments_, context_);
  used_ = false;
}

DrivenItem OperatorDriver::item(const DrivenRows& rows) {
  if (instance_ == nullptr || (used_ && module_.signature.per_item)) construct();
  used_ = true;
  const bool ends = module_.signature.per_item && module_.table->finish != nullptr;
  given_ = 0;
  item_ = {};
  item_.rows = rows.size();
  item_.emitted.resize(rows.size() + (ends ? 1 : 0));
  item_.failed.resize(item_.emitted.size());
  const std::size_t most = module_.signature.batch > 0 ? module_.signature.batch : rows.size();
  for (std::size_t first = 0; first < rows.size(); first += most) {
    call(module_.table->process, rows, first, std::min(most, rows.size() - first));
  }
  if (ends) call(module_.table->finish, rows, rows.size(), 0);
  if (!stop_requested()) check_counts();
  return std::move(item_);
}

void OperatorDriver::call(OperatorInstance::Function function, const DrivenRows& rows, std::size_t first,
                          std::size_t count) {
  first_ = first;
  count_ = count;
  latest_ = 0;
  std::vector<std::vector<Value>> columns(ports_.inputs.size());
  std::vector<const pipit_value*> inputs;
  for (std::size_t port = 0; port < columns.size(); ++port) {
    for (std::size_t row = first; row < first + count; ++row) columns[port].push_back(rows[row][port]);
    inputs.push_back(reinterpret_cast<const pipit_value*>(columns[port].data()));
  }
  pipit_error error;
  const pipit_call request{sizeof(pipit_call),
                           static_cast<std::uint32_t>(count),
                           static_cast<std::uint32_t>(inputs.size()),
                           0,
                           inputs.data(),
                           &emitter_};
  if (instance_->call(function, request, error)) return;
  for (std::size_t row = 0; row < std::max<std::size_t>(count, 1); ++row) {
    fail(static_cast<std::uint32_t>(row), Error(error.code, error.message));
  }
}

bool OperatorDriver::emit(std::uint32_t row, pipit_value* outputs) {
  std::vector<Value> values;
  for (std::size_t port = 0; port < ports_.outputs.size(); ++port) values.push_back(Value::adopt(outputs[port]));
  if (stop_requested()) return false;
  const std::size_t rows = std::max<std::size_t>(count_, 1);
  if (row >= rows) {
    broken(first_ + rows - 1, fmt::format("emitted for row {} of a call with {}", row, count_));
    return false;
  }
  for (std::size_t port = 0; port < values.size(); ++port) {
    const Port& wanted = ports_.outputs[port];
    if (wanted.type.holds(values[port])) continue;
    broken(first_ + row, fmt::format("gave {} for its output '{}', which is {}", type_of(values[port]), wanted.name,
                                     wanted.type.text()));
  }
  // Many rows out go on as they come, so that they must come in the order of the rows in.
  if (row < latest_ && any_of(ports_.outputs, PortCount::kMany)) broken(first_ + row, "gave rows out of order");
  latest_ = std::max(latest_, row);
  item_.emitted[first_ + row].push_back(std::move(values));
  ++given_;
  return !stop_requested();
}

void OperatorDriver::fail(std::uint32_t row, Error error) {
  const std::size_t rows = std::max<std::size_t>(count_, 1);
  if (row >= rows) return broken(first_ + rows - 1, fmt::format("failed row {} of a call with {}", row, count_));
  if (error.code().empty() || std::string_view(error.what()).empty()) {
    broken(first_ + row, "failed a row without a code or a message");
  }
  item_.failed[first_ + row] = std::move(error);
}

/// The rows that each mode allows.
void OperatorDriver::check_counts() {
  if (any_of(ports_.outputs, PortCount::kMany)) return;
  const bool reduces = any_of(ports_.inputs, PortCount::kReduce);
  for (std::size_t row = 0; row < item_.emitted.size(); ++row) {
    if (item_.failed[row]) continue;
    const bool at_end = row == item_.rows;
    const std::size_t expected = reduces == at_end ? 1 : 0;
    const std::size_t found = item_.emitted[row].size();
    if (found == expected) continue;
    broken(row, fmt::format("gave {} rows {}, where it must give {}", found,
                            at_end ? "at the end" : fmt::format("for row {}", row), expected));
  }
  if (reduces && item_.emitted.size() == item_.rows) broken(item_.rows, "takes rows one by one but has no finish");
}

}  // namespace pipit
