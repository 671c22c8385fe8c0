// One instance of an operator as the kit drives it: what became of its rows, and whether it kept to the rules.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/operator_driver.h"

namespace pipit::cli {

using Rows = DrivenRows;

/// What became of rows.
struct ProbeOutcome : DrivenItem {
  std::string fault() const { return broken.empty() ? "" : broken.front().what; }  // a rule that was broken, or empty
  /// Of the rows that were given.
  std::size_t count_failed() const;
  bool all_failed() const { return rows > 0 && count_failed() == rows; }
  /// The first error, or null.
  const Error* error() const;
};

/// Used by one thread. What the operator tells beside its rows is dropped.
class OperatorProbe final : private NodeMonitor {
 public:
  /// Throws pipit::Error as the operator's constructor gave it.
  OperatorProbe(const OperatorModule& module, const Variant& ports, const Value& arguments)
      : driver_(module, ports, arguments, {"probe", 1, this, nullptr}) {}

  /// All rows of an item, in calls as large as the operator takes them, and its end.
  ProbeOutcome item(const Rows& rows) { return {driver_.item(rows)}; }
  /// From now on nobody wants what it emits.
  void stop() { driver_.stop_after(0); }
  /// As OperatorInstance's.
  std::string space() const { return driver_.instance().space(); }
  std::string takes_space() const { return driver_.instance().takes_space(); }

 private:
  void warn(const std::string&) override {}
  void count(std::string_view, std::int64_t) override {}

  OperatorDriver driver_;
};

/// How far two outcomes are apart: 0 when equal, the largest difference between their numbers relative to 1 + |number|,
/// infinity when they differ in anything else.
double difference(const ProbeOutcome& a, const ProbeOutcome& b);

}  // namespace pipit::cli
