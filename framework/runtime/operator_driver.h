// One instance of an operator, driven alone: no pipeline, no threads; rows in, rows out, and which rules it broke.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "module/operator_instance.h"
#include "module/operator_module.h"
#include "module/runtime_table.h"

namespace pipit {

using DrivenRows = std::vector<std::vector<Value>>;  // by row, by port

/// What became of the rows of one item. Vectors by row given have one element more, for what `finish` gave, when the
/// operator has a `finish`.
struct DrivenItem {
  struct BrokenRule {
    std::size_t row = 0;
    std::string what;  // "gave int for its output 'text', which is string"
  };

  std::size_t rows = 0;                      // that were given
  std::vector<DrivenRows> emitted;           // by row given
  std::vector<std::optional<Error>> failed;  // by row given
  std::vector<BrokenRule> broken;            // in the order in which they were seen
};

/// What a port takes of one row: of a window, the list of its rows.
Type row_type(const Port& port);

/// Used by one thread.
class OperatorDriver final : private EmitterSink {
 public:
  static constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();

  /// Constructs the first instance. Throws pipit::Error as the operator's constructor gave it. `module` and `ports`
  /// must outlive the driver, what the context points to as well.
  OperatorDriver(const OperatorModule& module, const Variant& ports, Value arguments, pipit_context context);

  /// The rows of an item, in calls as large as the operator takes them, and its end. Each row has a value of the right
  /// type for each input port. A row that fails does not keep the rows behind it from being tried. An item of a
  /// per_item operator has an instance of its own; what the constructor of a later one throws is thrown here.
  DrivenItem item(const DrivenRows& rows);
  /// From now on nobody wants more of an item than so many rows out.
  void stop_after(std::size_t rows) { wanted_ = rows; }

  const OperatorInstance& instance() const { return *instance_; }

 private:
  bool emit(std::uint32_t row, pipit_value* outputs) override;
  void fail(std::uint32_t row, Error error) override;
  bool stop_requested() const override { return given_ >= wanted_; }
  std::size_t output_ports() const override { return ports_.outputs.size(); }

  void construct();
  void call(OperatorInstance::Function function, const DrivenRows& rows, std::size_t first, std::size_t count);
  void check_counts();
  void broken(std::size_t row, std::string what) { item_.broken.push_back({row, std::move(what)}); }

  const OperatorModule& module_;
  const Variant& ports_;
  const Value arguments_;
  pipit_context context_;
  std::unique_ptr<OperatorInstance> instance_;
  pipit_emitter emitter_{*this};
  bool used_ = false;                   // the instance has had an item
  std::size_t wanted_ = kAllRows;       // rows out of an item
  std::atomic<std::size_t> given_ = 0;  // of the item under way; an operator's own threads may ask for a stop
  // Of the call under way: its first row, and how many it has.
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint32_t latest_ = 0;  // row that something was emitted for
  DrivenItem item_;
};

}  // namespace pipit
