// What an operator's function gets and where its results go.
#pragma once

#include <cstddef>
#include <vector>

#include "pipit/value.h"

#pragma GCC visibility push(hidden)

namespace pipit {

/// One row of a call: a value for each input port, in port order. A window's value is a list.
class Row {
 public:
  Row(const pipit_call& call, std::uint32_t row) : call_(call), row_(row) {}
  std::size_t size() const { return call_.columns; }
  const Value& operator[](std::size_t port) const { return reinterpret_cast<const Value&>(call_.inputs[port][row_]); }

 private:
  const pipit_call& call_;
  std::uint32_t row_;
};

namespace detail {

/// A runtime of before 1.1 has no way to count.
inline int emit(pipit_emitter* emitter, std::uint32_t row, pipit_value* outputs, std::size_t count) {
  const pipit_host& runtime = host();
  const bool counts = runtime.struct_size >= offsetof(pipit_host, emit_values) + sizeof(runtime.emit_values);
  return counts ? runtime.emit_values(emitter, row, outputs, static_cast<std::uint32_t>(count))
                : runtime.emit(emitter, row, outputs);
}

}  // namespace detail

/// Where one row's results go.
class Emitter {
 public:
  Emitter(const pipit_call& call, std::uint32_t row) : emitter_(call.emitter), row_(row) {}

  /// One row out: a value for each output port. May block until there is room. False: nobody wants more of this item;
  /// return.
  bool emit(Value value) {
    pipit_value raw = value.detach();
    return detail::emit(emitter_, row_, &raw, 1) == 0;
  }
  bool emit(std::vector<Value> values) {
    const bool more = detail::emit(emitter_, row_, reinterpret_cast<pipit_value*>(values.data()), values.size()) == 0;
    for (Value& v : values) v.detach();
    return more;
  }
  /// True when the item was given up or the run is being stopped. Ask now and then in long work.
  bool stop_requested() const { return detail::host().stop_requested(emitter_) != 0; }

 private:
  pipit_emitter* emitter_;
  std::uint32_t row_;
};

}  // namespace pipit

#pragma GCC visibility pop
