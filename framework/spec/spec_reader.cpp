#include "spec/spec_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/near.h"
#include "spec/forms.h"
#include "spec/index_reader.h"
#include "spec/node_reader.h"
#include "spec/variables.h"

namespace pipit {
namespace {

const std::vector<std::string> kFileKeys = {"pipit", "name", "vars", "inputs", "nodes", "outputs", "index"};

/// Reads one file's tree into a Spec, gathering faults there.
class Reader {
 public:
  Reader(Spec& spec, const Spec::Options& options)
      : spec_(spec),
        options_(options),
        faults_(spec.faults),
        forms_(spec.faults),
        variables_(spec, options),
        nodes_(spec, options, variables_) {}

  void read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::kMapping) {
      faults_.add(root.at,
                  fmt::format("expected a pipeline (keys {}), found {}", quoted_list(kFileKeys), describe(root)));
      faults_.raise();
    }
    const auto part = [&root](std::string_view key) { return find_meant(root, key, kFileKeys); };
    forms_.check_keys(root, kFileKeys, "");
    read_version(root, part("pipit"));
    if (const YamlNode* name = part("name")) spec_.name = forms_.scalar(*name, "name");
    if (const YamlNode* vars = part("vars")) variables_.define(*vars);
    if (const YamlNode* inputs = part("inputs")) read_inputs(*inputs);
    const YamlNode* nodes = part("nodes");
    if (nodes == nullptr || nodes->kind != YamlNode::Kind::kSequence || nodes->items.empty()) {
      faults_.add(nodes ? nodes->at : root.at, "'nodes' must be a list of at least one node");
      spec_.columns_unknown = true;
    } else {
      for (const YamlNode& node : nodes->items) nodes_.read(node);
    }
    read_outputs(part("outputs"), root.at);
    if (const YamlNode* index = part("index")) IndexReader(spec_, variables_).read(*index);
    check_overrides();
  }

 private:
  void read_version(const YamlNode& root, const YamlNode* version) {
    if (version == nullptr) {
      faults_.add(root.at, "the first line must say which pipeline format this is: 'pipit: 1'");
    } else if (version->text != "1") {
      faults_.add(version->at,
                  fmt::format("pipeline format {} is not known; this runtime reads 'pipit: 1'", describe(*version)));
    }
  }

  void read_outputs(const YamlNode* outputs, SourcePlace file) {
    const std::size_t before = faults_.count();
    if (outputs) spec_.outputs = forms_.names(*outputs, "outputs");
    if (faults_.count() != before) {
      spec_.columns_unknown = true;
    } else if (spec_.outputs.empty()) {
      faults_.add(outputs ? outputs->at : file, "'outputs' must name at least one column");
    }
  }

  void read_inputs(const YamlNode& inputs) {
    if (inputs.kind != YamlNode::Kind::kMapping) {
      faults_.add(inputs.at, fmt::format("'inputs' must map names to types, found {}", describe(inputs)));
      spec_.columns_unknown = true;
      return;
    }
    for (const auto& [key, type] : inputs.entries) {
      const std::size_t before = faults_.count();
      if (!is_identifier(key.text)) {
        faults_.add(key.at, fmt::format("input '{}' is not a name; expected letters, digits and '_'", key.text));
      } else if (key.text == "item" || key.text == "error") {
        faults_.add(key.at,
                    fmt::format("input '{}' has the name of a field of every result line; choose another", key.text));
      }
      InputSpec& input = spec_.inputs.emplace_back(InputSpec{key.at, key.text, forms_.scalar(type, key.text), type.at});
      input.told = faults_.count() != before;
      if (input.type.empty()) input.type = "any";
    }
  }

  /// An override by a pipeline around this one has a place in that file; one from `--set` has none.
  void refuse(const Override& set, const std::string& message) {
    const bool written = !set.place.empty();
    if (written) faults_.enter(set.place);
    faults_.add(set.at, fmt::format("{} {}{}: {}", written ? "given" : "--set", options_.prefix, set.target, message));
    faults_.enter(spec_.place);
  }

  void check_overrides() {
    for (const Override& set : options_.overrides) {
      const std::string owner = set.target.substr(0, set.target.find('.'));
      if (owner == "vars") {
        const std::string name = set.target.substr(std::min(owner.size() + 1, set.target.size()));
        const std::vector<std::string>& names = variables_.names();
        if (!set.if_there && std::ranges::find(names, name) == names.end()) {
          refuse(set, fmt::format("no var '{}'{}", name,
                                  instead(name, names, names.size() == 1 ? "there is" : "there are")));
        }
      } else if (!nodes_.names().contains(owner) && !nodes_.names().empty()) {
        refuse(set, fmt::format("no node '{}'{}", owner, instead_of_node(owner)));
      }
    }
  }

  /// The nodes that there are, in the file's order.
  std::string instead_of_node(const std::string& name) const {
    std::vector<std::pair<SourcePlace, std::string>> nodes;
    for (const auto& [node, at] : nodes_.names()) nodes.emplace_back(at, node);
    std::ranges::sort(nodes);
    std::vector<std::string> names;
    for (auto& [at, node] : nodes) names.push_back(std::move(node));
    const std::string listed = instead(name, names, names.size() == 1 ? "the node is" : "the nodes are");
    return near_name(name, names).empty() ? listed + did_you_mean(name, {"vars"}) : listed;
  }

  Spec& spec_;
  const Spec::Options& options_;
  Faults& faults_;
  Forms forms_;
  Variables variables_;
  NodeReader nodes_;
};

}  // namespace

void read_spec(const YamlNode& root, const Spec::Options& options, Spec& spec) {
  Reader(spec, options).read(root);
}

}  // namespace pipit
