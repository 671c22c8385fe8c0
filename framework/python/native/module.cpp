// pipit._native: the runtime as the Python half of the package sees it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <utility>

#include "native/conversion.h"
#include "native/native_pipeline.h"
#include "native/pending.h"
#include "pipit/pipit.h"

namespace nb = nanobind;
using pipit::python::NativePipeline;
using pipit::python::Pending;

namespace {

void translate(const std::exception_ptr& failure, void*) {
  try {
    std::rethrow_exception(failure);
  } catch (const pipit::Error& e) {
    const nb::object type = nb::module_::import_("pipit._errors").attr("Error");
    PyErr_SetObject(type.ptr(), type(e.code(), e.what()).ptr());
  }
}

nb::object error_of(const pipit::Result& result) {
  if (!result.error) return nb::none();
  return nb::make_tuple(result.error->node, result.error->code, result.error->message);
}

nb::dict outputs_of(const pipit::Result& result) {
  nb::dict outputs;
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    outputs[result.names[i].c_str()] = pipit::python::to_python(result.outputs[i]);
  }
  return outputs;
}

/// An item's number, its error (node, code, message) or None, and its outputs.
nb::object take(Pending& pending) {
  pending.wait(std::nullopt);
  const pipit::Result& result = pending.result();
  return nb::make_tuple(result.item, error_of(result), outputs_of(result));
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);
  nb::register_exception_translator(translate);
  m.def("version", [] { return pipit_version(); });
  m.def("libtorch_version", [] { return PIPIT_PYTHON_LIBTORCH; });
  nb::class_<pipit::ColumnInfo>(m, "Column")
      .def_ro("name", &pipit::ColumnInfo::name)
      .def_ro("type", &pipit::ColumnInfo::type)
      .def_ro("many", &pipit::ColumnInfo::many)
      .def_ro("rows_of", &pipit::ColumnInfo::rows_of)
      .def_ro("space", &pipit::ColumnInfo::space)
      .def_ro("dimension", &pipit::ColumnInfo::dimension)
      .def("__repr__", [](const pipit::ColumnInfo& column) {
        return "Column(" + column.name + ": " + column.type + (column.many ? ", many" : "") + ")";
      });
  nb::class_<Pending>(m, "Pending")
      .def("done", &Pending::done)
      .def("wait", &Pending::wait, nb::arg("seconds").none())
      .def("when_done", &Pending::when_done)
      .def("take", take);
  nb::class_<NativePipeline>(m, "NativePipeline", nb::is_weak_referenceable())
      .def(nb::init<const nb::dict&>())
      .def("submit", &NativePipeline::submit, nb::arg("inputs"), nb::arg("wait"))
      .def("inputs", &NativePipeline::inputs)
      .def("outputs", &NativePipeline::outputs)
      .def("stats", &NativePipeline::stats)
      .def("describe", &NativePipeline::describe)
      .def("index", &NativePipeline::index)
      .def("explain", &NativePipeline::explain)
      .def("cancel", &NativePipeline::cancel)
      .def("close", &NativePipeline::close)
      .def_prop_ro("closed", &NativePipeline::closed);
}
