// Python objects in the hands of threads that are not Python's.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <utility>

namespace pipit::python {

namespace nb = nanobind;

/// A Python object that any thread may let go of, with or without the GIL. One that is let go of after the
/// interpreter's end is left alone.
class Held {
 public:
  explicit Held(nb::object object)
      : object_(new nb::object(std::move(object)), [](nb::object* dead) {
          if (Py_IsInitialized() == 0) return;
          const nb::gil_scoped_acquire gil;
          delete dead;
        }) {}

  /// With the GIL.
  const nb::object& get() const { return *object_; }
  std::shared_ptr<void> owner() const { return object_; }

 private:
  std::shared_ptr<nb::object> object_;
};

}  // namespace pipit::python
