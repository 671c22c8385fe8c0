// Python functions as operators of a pipeline.
#pragma once

#include <nanobind/nanobind.h>

#include "pipit/pipeline.h"

namespace pipit::python {

namespace nb = nanobind;

/// Which pipelines' Python operators the current thread is inside of: such a thread must not wait for one of them.
class Inside {
 public:
  explicit Inside(const void* pipeline);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  static bool of(const void* pipeline);
};

/// A pipit.Operator as the runtime's. `pipeline` is an address that means the pipeline, for Inside. With the GIL.
HostOperator host_operator(nb::handle operator_, const void* pipeline);

}  // namespace pipit::python
