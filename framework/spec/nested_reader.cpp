#include "spec/nested_reader.h"

#include <fmt/format.h>

#include "pipit/error.h"
#include "spec/forms.h"
#include "spec/nested_pipeline.h"

namespace pipit {
namespace {

const std::vector<std::string> kArguments = {"file", "vars"};

}  // namespace

void NestedReader::read(const YamlNode* args, NodeSpec node) {
  subject_ = fmt::format("node '{}': ", node.name);
  const YamlNode* file = args != nullptr ? find_meant(*args, "file", kArguments) : nullptr;
  if (file == nullptr || file->kind != YamlNode::Kind::kScalar || file->is_null()) {
    fault(node.part("op"), "op 'pipeline' needs to know which, args: {file: FILE.yaml}");
    return leave_hole(std::move(node));
  }
  const Spec::Options options = options_below(*args, node);
  const Substituted path = variables_.substitute(*file);
  // Without the file nothing below can be known, so this is never only a warning.
  for (const UnsetVariable& variable : path.unset) fault(file->at, variable.message);
  if (path.told || !path.unset.empty()) return leave_hole(std::move(node));
  try {
    add_nodes(Spec::draft(path.from_outside ? std::filesystem::path(path.text) : spec_.folder / path.text, options),
              node);
  } catch (const Error& e) {
    if (e.code() == "invalid_pipeline") {
      spec_.faults.add_from_below(file->at, e.what());
    } else if (!options_.budget->told) {
      options_.budget->told = e.code() == kTooMuch;
      fault(file->at, e.what());
    }
    leave_hole(std::move(node));
  }
}

Spec::Options NestedReader::options_below(const YamlNode& args, const NodeSpec& node) {
  Forms(spec_.faults).check_keys(args, kArguments, subject_ + "'args': ");
  Spec::Options options = options_;
  options.prefix += node.name + ".";
  options.overrides.clear();
  if (const YamlNode* vars = find_meant(args, "vars", kArguments)) give_vars(*vars, options);
  for (const Override& set : options_.overrides) {
    if (!set.target.starts_with(node.name + ".")) continue;
    options.overrides.push_back(set);
    options.overrides.back().target.erase(0, node.name.size() + 1);
  }
  return options;
}

void NestedReader::give_vars(const YamlNode& vars, Spec::Options& options) {
  if (vars.kind != YamlNode::Kind::kMapping) {
    fault(vars.at, fmt::format("'vars' must map names to texts, found {}", describe(vars)));
  }
  for (const auto& [key, value] : vars.entries) {
    Substituted text;
    if (value.kind == YamlNode::Kind::kScalar) {
      text = variables_.substitute(value);
    } else {
      text.told = true;
      fault(value.at, fmt::format("var '{}' must be a text or a number, found {}", key.text, describe(value)));
    }
    const auto& folder = text.folder.empty() ? spec_.folder : text.folder;
    options.overrides.push_back(
        {"vars." + key.text, text.text, text.from_outside, folder, text.unset, text.told, spec_.place, key.at});
  }
}

void NestedReader::add_nodes(Spec inner, NodeSpec node) {
  spec_.faults.add(inner.faults);
  if (inner.nodes.empty()) return leave_hole(std::move(node));
  connect_below(inner, node, [&](SourcePlace at, const std::string& message) { fault(at, message); });
  const bool unknown = inner.columns_unknown || (node.told && node.out.empty()) || node.columns_unknown;
  inner.nodes.back().columns_unknown = inner.nodes.back().columns_unknown || unknown;
  for (NodeSpec& below : inner.nodes) spec_.nodes.push_back(std::move(below));
}

void NestedReader::leave_hole(NodeSpec node) {
  node.op.clear();
  node.told = true;
  node.columns_unknown = node.columns_unknown || node.out.empty();
  spec_.nodes.push_back(std::move(node));
}

}  // namespace pipit
