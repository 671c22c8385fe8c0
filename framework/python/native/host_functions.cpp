#include "native/host_functions.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "native/conversion.h"
#include "native/gil.h"

namespace pipit::python {
namespace {

thread_local std::vector<const void*> inside;

using Outputs = std::vector<Value>;

/// A function of Python, called for one row after the other. The GIL is held while Python runs and while values are
/// made, never while the runtime may wait.
class PythonFunction {
 public:
  PythonFunction(nb::object function, std::size_t outputs, bool many, std::string name, const void* pipeline)
      : function_(std::move(function)), outputs_(outputs), many_(many), name_(std::move(name)), pipeline_(pipeline) {}

  void operator()(const Row& row, Emitter& out) const {
    const Inside here(pipeline_);
    if (many_) {
      emit_many(row, out);
    } else {
      out.emit(one(row));
    }
  }

 private:
  Outputs one(const Row& row) const {
    const nb::gil_scoped_acquire gil;
    return explained([&] { return outputs_of(call(row)); });
  }

  void emit_many(const Row& row, Emitter& out) const {
    std::optional<Held> rows = iterator(row);
    while (std::optional<Outputs> next = next_of(*rows)) {
      if (!out.emit(std::move(*next))) return;
    }
  }

  std::optional<Held> iterator(const Row& row) const {
    const nb::gil_scoped_acquire gil;
    return explained([&] {
      PyObject* iterator = PyObject_GetIter(call(row).ptr());
      if (iterator == nullptr) throw nb::python_error();
      return std::optional<Held>(Held(nb::steal(iterator)));
    });
  }

  std::optional<Outputs> next_of(const Held& rows) const {
    const nb::gil_scoped_acquire gil;
    return explained([&]() -> std::optional<Outputs> {
      PyObject* next = PyIter_Next(rows.get().ptr());
      if (next == nullptr && PyErr_Occurred() != nullptr) throw nb::python_error();
      if (next == nullptr) return std::nullopt;
      return outputs_of(nb::steal(next));
    });
  }

  nb::object call(const Row& row) const {
    nb::list arguments;
    for (std::size_t i = 0; i < row.size(); ++i) arguments.append(to_python(row[i]));
    return function_.get()(*arguments);
  }

  Outputs outputs_of(const nb::object& result) const {
    const std::string what = "what " + name_ + " gives";
    Outputs values;
    if (outputs_ == 1) {
      values.push_back(to_value(result, what.c_str()));
      return values;
    }
    if (!PyTuple_Check(result.ptr()) && !PyList_Check(result.ptr())) {
      throw Error("operator_failed", what + " is not a tuple of " + std::to_string(outputs_) + " values");
    }
    for (nb::handle value : result) values.push_back(to_value(value, what.c_str()));
    if (values.size() != outputs_) {
      throw Error("operator_failed", what + " has " + std::to_string(values.size()) + " values; its outputs are " +
                                         std::to_string(outputs_));
    }
    return values;
  }

  /// Any exception of Python's as the row's error: one sentence, and the traceback below.
  template <class Function>
  static auto explained(Function&& function) -> decltype(function()) {
    try {
      return function();
    } catch (nb::python_error& e) {
      const nb::object pair = nb::module_::import_("pipit._errors").attr("code_and_message")(e.value());
      const auto [code, message] = nb::cast<std::pair<std::string, std::string>>(pair);
      throw Error(code, message);
    }
  }

  Held function_;
  std::size_t outputs_;
  bool many_;
  std::string name_;
  const void* pipeline_;
};

using Ports = std::vector<std::pair<std::string, std::string>>;

}  // namespace

Inside::Inside(const void* pipeline) {
  inside.push_back(pipeline);
}
Inside::~Inside() {
  inside.pop_back();
}
bool Inside::of(const void* pipeline) {
  return std::ranges::find(inside, pipeline) != inside.end();
}

HostOperator host_operator(nb::handle operator_, const void* pipeline) {
  const auto name = nb::cast<std::string>(operator_.attr("name"));
  const auto inputs = nb::cast<Ports>(operator_.attr("inputs"));
  const auto outputs = nb::cast<Ports>(operator_.attr("outputs"));
  const bool many = nb::cast<bool>(operator_.attr("many"));
  const bool window = nb::cast<bool>(operator_.attr("window"));
  Signature signature(nb::cast<std::string>(operator_.attr("doc")));
  for (const auto& [port, type] : inputs) {
    if (window) {
      signature.input_window(port, type);
    } else {
      signature.input(port, type);
    }
  }
  for (const auto& [port, type] : outputs) {
    if (many) {
      signature.output_many(port, type);
    } else {
      signature.output(port, type);
    }
  }
  return HostOperator(
      name, std::move(signature),
      PythonFunction(nb::object(operator_.attr("function")), outputs.size(), many, "'" + name + "'", pipeline));
}

}  // namespace pipit::python
