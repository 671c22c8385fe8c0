// One instance of an operator, driven alone: rows in, rows out, and whether it kept to the rules.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "module/operator_module.h"
#include "module/runtime_table.h"
#include "runtime/operator_instance.h"

namespace pipit::cli {

using Rows = std::vector<std::vector<Value>>;  // rows[row][port]

/// What became of rows.
struct ProbeOutcome {
  std::vector<Rows> emitted;                 // by row that was given; finish() emits for one more
  std::vector<std::optional<Error>> failed;  // likewise
  std::size_t rows = 0;                      // that were given
  std::string fault;                         // a rule that was broken, or empty

  /// Of the rows that were given.
  std::size_t count_failed() const;
  bool all_failed() const { return rows > 0 && count_failed() == rows; }
  /// The first error, or null.
  const Error* error() const;
};

/// Used by one thread.
class OperatorProbe final : private EmitterSink, private NodeMonitor {
 public:
  /// Throws pipit::Error as the operator's constructor gave it.
  OperatorProbe(const OperatorModule& module, const Variant& ports, const Value& arguments);

  /// All rows of an item, in calls as large as the operator takes them, and its end.
  ProbeOutcome item(const Rows& rows);
  /// From now on nobody wants what it emits.
  void stop() { stopped_ = true; }

 private:
  bool emit(std::uint32_t row, pipit_value* outputs) override;
  void fail(std::uint32_t row, Error error) override;
  bool stop_requested() const override { return stopped_; }
  std::size_t output_ports() const override { return ports_.outputs.size(); }
  void warn(const std::string&) override {}
  void count(std::string_view, std::int64_t) override {}

  using Call = int (*)(void* instance, const pipit_call* call, pipit_error* error);
  void call(Call function, const Rows& rows, std::size_t first, std::size_t count);
  void check_counts(std::size_t rows);
  void fault(std::string what);

  const OperatorModule& module_;
  const Variant& ports_;
  pipit_context context_;
  OperatorInstance instance_;
  bool stopped_ = false;
  std::size_t first_ = 0;  // row of the call under way
  std::size_t count_ = 0;
  ProbeOutcome outcome_;
};

/// How far two outcomes are apart: 0 when equal, the largest difference between their numbers relative to 1 + |number|,
/// infinity when they differ in anything else.
double difference(const ProbeOutcome& a, const ProbeOutcome& b);

}  // namespace pipit::cli
