// One node of a pipeline file.
#pragma once

#include <map>
#include <string>

#include "spec/forms.h"
#include "spec/spec.h"
#include "spec/variables.h"

namespace pipit {

/// Reads nodes into a Spec, one after the other; a node that is a pipeline becomes the nodes of that file.
class NodeReader {
 public:
  NodeReader(Spec& spec, const Spec::Options& options, const Variables& variables)
      : spec_(spec), options_(options), faults_(spec.faults), forms_(spec.faults), variables_(variables) {}

  void read(const YamlNode& node);
  /// The names read so far, with their places.
  const std::map<std::string, SourcePlace, std::less<>>& names() const { return names_; }

 private:
  void read_name(const YamlNode& map, const YamlNode* name, NodeSpec& node);
  void read_replicas(const YamlNode& replicas, NodeSpec& node, const std::string& subject);
  void read_in(const YamlNode& in, NodeSpec& node);
  void read_input(const YamlNode& column, const YamlNode* port, const std::string& what, NodeSpec& node);
  void read_window(const YamlNode& window, NodeSpec& node, const std::string& subject);
  void read_batch(const YamlNode& batch, NodeSpec& node, const std::string& subject);
  void read_queue(const YamlNode& queue, NodeSpec& node, const std::string& subject);
  void read_hold(const YamlNode& hold, NodeSpec& node, const std::string& subject);
  void read_isolate(YamlNode isolate, NodeSpec& node, const std::string& subject);
  void read_args(const YamlNode* args, NodeSpec& node, const std::string& subject);

  Spec& spec_;
  const Spec::Options& options_;
  Faults& faults_;
  Forms forms_;
  const Variables& variables_;
  std::map<std::string, SourcePlace, std::less<>> names_;
};

}  // namespace pipit
