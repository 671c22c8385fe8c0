// Reads the tree of a pipeline file into a Spec: its keys, its nodes, what they are given; and the nodes of other
// files.
#pragma once

#include "spec/spec.h"
#include "spec/yaml.h"

namespace pipit {

/// Fills in `spec`, whose place and folder are known, substitutions done. Faults go to `spec.faults`; throws
/// pipit::Error (`invalid_pipeline`) only when the file is not a pipeline at all. `options.budget` must be there.
void read_spec(const YamlNode& root, const Spec::Options& options, Spec& spec);

}  // namespace pipit
