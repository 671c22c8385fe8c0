// An operator whose code runs in processes of its own, in the form of a loaded module.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "isolation/operator_process.h"
#include "module/operator_module.h"
#include "module/operator_path.h"
#include "module/runtime_table.h"

namespace pipit {

/// Stands in for a loaded module, of which no code runs here. Its table's functions speak to a process in which an
/// instance lives: each has one to itself, and one that an instance has left serves the next. A process that ends,
/// hangs or sends what is no message costs the rows of the call under way; the next call gets a new one.
class IsolatedOperator {
 public:
  /// The description is the one that was read from the module's file.
  IsolatedOperator(const OperatorDescription& op, const IsolationLimits& limits);
  ~IsolatedOperator();
  IsolatedOperator(const IsolatedOperator&) = delete;
  IsolatedOperator& operator=(const IsolatedOperator&) = delete;

  /// Its table's `create` finds this operator in the context.
  const OperatorModule& module() const { return module_; }

 private:
  friend class IsolatedInstance;

  std::unique_ptr<OperatorProcess> take_process();
  void give_back(std::unique_ptr<OperatorProcess> process);

  OperatorModule module_;
  pipit_operator table_{};
  const IsolationLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<OperatorProcess>> idle_;  // guarded by mutex_
};

}  // namespace pipit
