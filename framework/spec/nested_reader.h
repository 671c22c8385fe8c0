// A node that is a pipeline: reads its file.
#pragma once

#include "spec/spec.h"
#include "spec/variables.h"

namespace pipit {

/// Reads the file of an `op: pipeline` and adds its nodes in the node's place.
class NestedReader {
 public:
  NestedReader(Spec& spec, const Spec::Options& options, const Variables& variables)
      : spec_(spec), options_(options), variables_(variables) {}

  /// `args`: the node's, or null. Where the file cannot be read the node stays, as a hole about which no more is said.
  void read(const YamlNode* args, NodeSpec node);

 private:
  Spec::Options options_below(const YamlNode& args, const NodeSpec& node);
  void give_vars(const YamlNode& vars, Spec::Options& options);
  void add_nodes(Spec inner, NodeSpec node);
  void leave_hole(NodeSpec node);
  void fault(SourcePlace at, const std::string& message) { spec_.faults.add(at, subject_ + message); }

  Spec& spec_;
  const Spec::Options& options_;
  const Variables& variables_;
  std::string subject_;  // "node 'x': "
};

}  // namespace pipit
