// A host's function in the form of an operator module.
#pragma once

#include "module/operator_module.h"
#include "pipit/pipeline.h"

namespace pipit {

/// Stands in for a loaded module. Its table's `create` takes the function from the context, so that one table serves
/// any number of functions.
class OwnOperator {
 public:
  /// Throws pipit::Error (`invalid_argument`) when the name or the signature is not what HostOperator promises.
  explicit OwnOperator(const HostOperator& given);
  OwnOperator(const OwnOperator&) = delete;
  OwnOperator& operator=(const OwnOperator&) = delete;

  const OperatorModule& module() const { return module_; }
  const HostOperator::Function& function() const { return given_.function; }

 private:
  HostOperator given_;
  pipit_operator table_{};
  OperatorModule module_;
};

}  // namespace pipit
