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

  using Function = int (*)(void* instance, const pipit_call* call, pipit_error* error);  // process or finish
  /// Calls one of its functions. False: `error` has the operator's error, or says that a thread of its own emitted.
  bool call(Function function, const pipit_call& call, pipit_error& error) const;
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
