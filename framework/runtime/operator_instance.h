// An operator constructed: what a module's functions are called with.
#pragma once

#include <cstdint>
#include <string>

#include "module/foreign_code.h"
#include "module/runtime_table.h"
#include "pipit/value.h"

namespace pipit {

/// An operator's instance.
class OperatorInstance {
 public:
  /// Throws pipit::Error as the operator's constructor gave it. `context` must outlive the instance.
  OperatorInstance(const pipit_operator& table, const Value& arguments, pipit_context& context);
  OperatorInstance(const OperatorInstance&) = delete;
  OperatorInstance& operator=(const OperatorInstance&) = delete;
  ~OperatorInstance();

  void* get() const { return instance_; }
  /// The type of an output as now known; empty: as the signature says.
  std::string output_type(std::uint32_t port) const;
  /// What it says of itself; null: nothing.
  Value report() const;
  /// The name of the space of its vectors; empty: that of what it reads. Throws pipit::Error as the operator gave it.
  std::string space() const;
  /// That of the vectors which it must be given; empty: any. Throws likewise.
  std::string takes_space() const;

 private:
  using SpaceFunction = int (*)(void* instance, pipit_text* name, pipit_error* error);
  std::string asked(SpaceFunction pipit_operator::*function) const;

  const pipit_operator& table_;
  const pipit_context& context_;
  void* instance_ = nullptr;
};

/// A call into the operator of a context, which outlives it. `doing` as in ForeignCall.
ForeignCall call_for(const pipit_context& context, const char* doing);

}  // namespace pipit
