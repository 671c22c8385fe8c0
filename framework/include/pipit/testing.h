// One operator alone, for its author's tests: rows in, rows out, without a pipeline and without threads.
//
//   using pipit::testing::OperatorRunner;
//   OperatorRunner shorten("acme/text.shorten", {{"bytes", 3}}, {.operator_path = {"build/operators"}});
//   const auto item = shorten.item({{"a text"}, {"ab"}});
//   check(item.rows[0].outputs[0][0].string() == "a t");
//   check(item.outputs().size() == 2 && !item.error());
//
// or, for what is wrong:
//
//   const auto refused = normalize.item({{zeros}});
//   check(refused.rows[0].error->code() == "invalid_input");
//
// A runner stands for one replica of one node. In call order: the constructor finds the operator by its name, binds the
// arguments as a pipeline does (defaults, ranges, choices, files, the variant that they choose), loads the module and
// constructs an instance. item() gives the instance the rows of one item and then, where the operator is per_item(),
// its end. An item of a per_item() operator has an instance of its own; all other items share one. The destructor
// destroys the last instance.
//
// Everything happens in the thread that calls: a runner is used by one thread at a time, several runners may be used at
// the same time. Values are shared by reference count, and results outlive the runner; modules are never unloaded.
//
// A program that includes this links pipit::framework. It is a program of its own: an operator's module cannot link it.
#pragma once

#ifdef PIPIT_MODULE
#error "pipit/testing.h is for test programs, which link pipit::framework; an operator's module does not include it"
#endif

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipit/error.h"
#include "pipit/value.h"

#pragma GCC visibility push(hidden)

namespace pipit::testing {

/// Rows, each a value for each port in port order. A row of an `input_window` port is a list.
using Rows = std::vector<std::vector<Value>>;

/// What became of one row.
struct RowResult {
  Rows outputs;                // that were emitted for it, in order; of a row that failed: until then
  std::optional<Error> error;  // why an item with this row fails
};

/// What became of the rows of one item.
struct ItemResult {
  std::vector<RowResult> rows;  // by row in
  RowResult end;                // what `finish` gave; empty for an operator that is not per_item()

  // Those of this item, and of the constructor of a later instance: each different warning once, counters by name.
  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, std::int64_t>> counters;

  /// The first error, the end's after those of the rows; null: there is none. Lives as long as this result.
  const Error* error() const {
    for (const RowResult& row : rows) {
      if (row.error) return &*row.error;
    }
    return end.error ? &*end.error : nullptr;
  }
  /// All rows out, in order, those of the end last: what the next node would get. Throws the first error.
  Rows outputs() const {
    if (const Error* first = error()) throw *first;
    Rows all;
    for (const RowResult& row : rows) all.insert(all.end(), row.outputs.begin(), row.outputs.end());
    all.insert(all.end(), end.outputs.begin(), end.outputs.end());
    return all;
  }
};

struct RunnerOptions {
  /// Searched for operators before PIPIT_OPERATOR_PATH and the installed ones.
  std::vector<std::filesystem::path> operator_path{};
  /// Relative paths among the arguments start here, as those in a pipeline file start in the file's folder.
  std::filesystem::path folder = ".";
  /// The name of the node, which the operator may ask for.
  std::string node = "test";
  /// The node's share of the thread budget; 0: the operator leaves the settings of libraries as they are.
  int threads = 1;
};

class __attribute__((visibility("default"))) OperatorRunner {
 public:
  using Arguments = std::vector<std::pair<std::string, Value>>;

  /// Throws pipit::Error: `not_found` and `invalid_module` for the operator, `invalid_argument` for arguments that the
  /// signature does not take, with a line for each fault, the constructor's own for what the constructor refuses.
  explicit OperatorRunner(std::string_view name, const Arguments& arguments = {}, const RunnerOptions& options = {});
  OperatorRunner(OperatorRunner&&) noexcept;
  OperatorRunner& operator=(OperatorRunner&&) noexcept;
  ~OperatorRunner();

  /// One item: its rows, in calls as large as the operator takes them (Signature::batch), and its end.
  ///
  /// What the operator throws is the row's error, or that of all rows of the call, as pipit::Error gives it; any other
  /// exception is `operator_failed`, as in a pipeline. So is a row out that is not what the signature says: a value of
  /// another type than the port's, or than output_type() gives; more or fewer rows than the mode allows. A row that
  /// fails does not keep the rows behind it from being tried; in a pipeline the item is given up there. Where a later
  /// instance cannot be constructed, every row and the end have its error. Throws pipit::Error (`invalid_input`) for
  /// rows that a pipeline would not give it: too few or too many values, values of another type than the ports',
  /// windows of different sizes.
  ItemResult item(const Rows& rows);

  /// Sets how many rows out of an item are wanted at most: `emit` returns false with the last of them, and
  /// `stop_requested` is true. What is emitted all the same is dropped, and rows out are not counted any more.
  void stop_after(std::size_t rows);

  /// The type of an output, "tensor<f32>[512]": as the operator says, now that it is constructed, or its signature.
  /// Throws pipit::Error (`invalid_argument`) when there is no such port.
  std::string output_type(std::size_t port) const;
  /// What the operator reports of itself after construction, a map; null: nothing.
  Value facts() const;
  /// The name of its vectors' space, as the operator says now; empty: that of what it reads. Throws what it throws.
  std::string space() const;
  /// All arguments as they were bound, a map: defaults filled in, paths resolved.
  Value arguments() const;
  /// All so far, from the first constructor on: each different warning once, in order.
  std::vector<std::string> warnings() const;
  /// Likewise, counters by name.
  std::vector<std::pair<std::string, std::int64_t>> counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pipit::testing

#pragma GCC visibility pop
