// Helpers: build a graph over the tests' operators, or say what is wrong with it.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "graph/graph.h"

namespace test {

/// `yaml` begins with an empty line, so that lines count from the format's own.
inline pipit::Graph build(const std::string& yaml) {
  return pipit::Graph::build(pipit::Spec::draft("pipit: 1" + yaml, "f.yaml", "files", {}),
                             pipit::OperatorPath({PIPIT_TEST_OPERATORS}));
}

inline std::string fault(const std::string& yaml) {
  try {
    build(yaml);
    return "";
  } catch (const pipit::Error& e) {
    CHECK(e.code() == "invalid_pipeline");
    return e.what();
  }
}

}  // namespace test
