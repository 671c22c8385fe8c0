#include "plugin_kit/operator_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace pipit::cli {
namespace {

constexpr double kDifferent = std::numeric_limits<double>::infinity();

bool any_of(const std::vector<Port>& ports, PortCount count) {
  return std::ranges::any_of(ports, [count](const Port& port) { return port.count == count; });
}

double difference(double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (a == b) return 0;
  const double d = std::abs(a - b) / (1 + std::abs(b));
  return std::isnan(d) ? kDifferent : d;
}

double difference(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !std::ranges::equal(a.shape(), b.shape())) return kDifferent;
  if (!a.contiguous() || !b.contiguous()) return 0;
  const std::size_t width = dtype_bytes(a.dtype());
  const std::size_t bytes = static_cast<std::size_t>(a.elements()) * width;
  if (bytes == 0 || std::memcmp(a.raw_data(), b.raw_data(), bytes) == 0) return 0;
  if (a.dtype() != DType::kFloat32) return kDifferent;
  double most = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i)
    most = std::max(most, difference(a.data<float>()[i], b.data<float>()[i]));
  return most;
}

double difference(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return kDifferent;
  switch (a.kind()) {
    case Kind::kNull:
      return 0;
    case Kind::kBool:
      return a.boolean() == b.boolean() ? 0 : kDifferent;
    case Kind::kInt:
      return a.integer() == b.integer() ? 0 : kDifferent;
    case Kind::kFloat:
      return difference(a.number(), b.number());
    case Kind::kString:
      return a.string() == b.string() ? 0 : kDifferent;
    case Kind::kBytes:
      return std::ranges::equal(a.bytes(), b.bytes()) ? 0 : kDifferent;
    case Kind::kTensor:
      return difference(a.tensor(), b.tensor());
    case Kind::kFrame:
      return difference(a.frame().pixels(), b.frame().pixels());
    case Kind::kList: {
      if (a.list().size() != b.list().size()) return kDifferent;
      double most = 0;
      for (std::size_t i = 0; i < a.list().size(); ++i) most = std::max(most, difference(a.list()[i], b.list()[i]));
      return most;
    }
    case Kind::kMap: {
      if (a.map_size() != b.map_size()) return kDifferent;
      double most = 0;
      for (std::size_t i = 0; i < a.map_size(); ++i) {
        if (a.map_at(i).first != b.map_at(i).first) return kDifferent;
        most = std::max(most, difference(a.map_at(i).second, b.map_at(i).second));
      }
      return most;
    }
  }
  return kDifferent;
}

}  // namespace

std::size_t ProbeOutcome::count_failed() const {
  const auto end = failed.begin() + static_cast<std::ptrdiff_t>(rows);
  return static_cast<std::size_t>(std::count_if(failed.begin(), end, [](const auto& e) { return e.has_value(); }));
}

const Error* ProbeOutcome::error() const {
  const auto found = std::ranges::find_if(failed, [](const auto& error) { return error.has_value(); });
  return found == failed.end() ? nullptr : &**found;
}

OperatorProbe::OperatorProbe(const OperatorModule& module, const Variant& ports, const Value& arguments)
    : module_(module),
      ports_(ports),
      context_{"probe", 1, this, nullptr},
      instance_(*module.table, arguments, context_) {}

ProbeOutcome OperatorProbe::item(const Rows& rows) {
  const bool ends = module_.signature.per_item && module_.table->finish != nullptr;
  outcome_ = {};
  outcome_.rows = rows.size();
  outcome_.emitted.resize(rows.size() + (ends ? 1 : 0));
  outcome_.failed.resize(outcome_.emitted.size());
  const std::size_t most = module_.signature.batch > 0 ? module_.signature.batch : rows.size();
  for (std::size_t first = 0; first < rows.size(); first += most) {
    call(module_.table->process, rows, first, std::min(most, rows.size() - first));
  }
  if (ends) {
    first_ = rows.size();
    call(module_.table->finish, rows, first_, 0);
  }
  if (!stopped_) check_counts(rows.size());
  return std::move(outcome_);
}

void OperatorProbe::call(Call function, const Rows& rows, std::size_t first, std::size_t count) {
  first_ = first;
  count_ = count;
  std::vector<std::vector<Value>> columns(ports_.inputs.size());
  std::vector<const pipit_value*> inputs;
  for (std::size_t port = 0; port < columns.size(); ++port) {
    for (std::size_t row = first; row < first + count; ++row) columns[port].push_back(rows[row][port]);
    inputs.push_back(reinterpret_cast<const pipit_value*>(columns[port].data()));
  }
  pipit_emitter emitter{this};
  pipit_error error;
  const pipit_call request{sizeof(pipit_call),
                           static_cast<std::uint32_t>(count),
                           static_cast<std::uint32_t>(inputs.size()),
                           0,
                           inputs.data(),
                           &emitter};
  if (function(instance_.get(), &request, &error) == 0) return;
  for (std::size_t row = 0; row < std::max<std::size_t>(count, 1); ++row) {
    fail(static_cast<std::uint32_t>(row), Error(error.code, error.message));
  }
}

bool OperatorProbe::emit(std::uint32_t row, pipit_value* outputs) {
  std::vector<Value> values;
  for (std::size_t port = 0; port < ports_.outputs.size(); ++port) values.push_back(Value::adopt(outputs[port]));
  if (stopped_) return false;
  if (row >= std::max<std::size_t>(count_, 1)) {
    fault(fmt::format("emitted for row {} of a call with {}", row, count_));
    return false;
  }
  for (std::size_t port = 0; port < values.size(); ++port) {
    const Port& wanted = ports_.outputs[port];
    if (!wanted.type.holds(values[port])) {
      fault(fmt::format("gave {} for its output '{}', which is {}", type_of(values[port]), wanted.name,
                        wanted.type.text()));
    }
  }
  outcome_.emitted[first_ + row].push_back(std::move(values));
  return true;
}

void OperatorProbe::fail(std::uint32_t row, Error error) {
  if (row >= std::max<std::size_t>(count_, 1))
    return fault(fmt::format("failed row {} of a call with {}", row, count_));
  if (error.code().empty() || std::string_view(error.what()).empty()) fault("failed a row without a code or a message");
  outcome_.failed[first_ + row] = std::move(error);
}

/// The rows that each mode allows.
void OperatorProbe::check_counts(std::size_t rows) {
  if (any_of(ports_.outputs, PortCount::kMany)) return;
  const bool reduces = any_of(ports_.inputs, PortCount::kReduce);
  for (std::size_t row = 0; row < outcome_.emitted.size(); ++row) {
    if (outcome_.failed[row]) continue;
    const bool at_end = row == rows;
    const std::size_t expected = reduces == at_end ? 1 : 0;
    const std::size_t found = outcome_.emitted[row].size();
    if (found != expected) {
      fault(fmt::format("gave {} rows {}, where it must give {}", found,
                        at_end ? "at the end" : fmt::format("for row {}", row), expected));
    }
  }
  if (reduces && outcome_.emitted.size() == rows) fault("takes rows one by one but has no finish");
}

void OperatorProbe::fault(std::string what) {
  if (outcome_.fault.empty()) outcome_.fault = std::move(what);
}

double difference(const ProbeOutcome& a, const ProbeOutcome& b) {
  if (a.emitted.size() != b.emitted.size()) return kDifferent;
  double most = 0;
  for (std::size_t row = 0; row < a.emitted.size(); ++row) {
    if (a.failed[row].has_value() != b.failed[row].has_value()) return kDifferent;
    if (a.failed[row] && a.failed[row]->code() != b.failed[row]->code()) return kDifferent;
    if (a.emitted[row].size() != b.emitted[row].size()) return kDifferent;
    for (std::size_t i = 0; i < a.emitted[row].size(); ++i) {
      for (std::size_t port = 0; port < a.emitted[row][i].size(); ++port) {
        most = std::max(most, difference(a.emitted[row][i][port], b.emitted[row][i][port]));
      }
    }
  }
  return most;
}

}  // namespace pipit::cli
