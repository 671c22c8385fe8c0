#include "below.h"

#include <fmt/format.h>

#include <algorithm>

#include "near.h"

namespace pipit {
namespace {

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostNodes = 10'000;  // files that take in each other twice would double at each step

/// Columns and nodes of the inner file are nobody else's.
void prefix_names(Spec& inner, const std::string& prefix) {
  const auto rename = [&](std::string& name) { name.insert(0, prefix); };
  const auto rename_input = [&](InputRef& input) {
    if (!input.constant) rename(input.column.text);
  };
  for (NodeSpec& node : inner.nodes) {
    rename(node.name);
    std::ranges::for_each(node.in, rename_input);
    for (YamlNode& column : node.out) rename(column.text);
    for (YamlNode& column : node.keep) rename(column.text);
    if (node.window_by) rename(node.window_by->text);
    for (auto& [fact, column] : node.window_facts) rename(column.text);
    for (std::vector<Alias>* aliases : {&node.enter, &node.leave}) {
      for (Alias& alias : *aliases) {
        rename(alias.node);
        rename(alias.name);
        rename_input(alias.means);
      }
    }
  }
  for (YamlNode& output : inner.outputs) rename(output.text);
}

std::string counted(std::size_t n) {
  return fmt::format("{} column{}", n, n == 1 ? "" : "s");
}

}  // namespace

void enter_file(std::vector<std::filesystem::path>& within, const std::filesystem::path& file) {
  std::error_code error;
  within.push_back(std::filesystem::weakly_canonical(file, error));
  const auto first = std::ranges::find(within, within.back());
  if (first != within.end() - 1) {
    std::string cycle;
    for (auto step = first; step != within.end(); ++step) {
      cycle += fmt::format("{}{}", cycle.empty() ? "" : " -> ", step->filename().string());
    }
    throw Error("invalid_argument", fmt::format("'{}' takes in itself: {}", file.string(), cycle));
  }
  if (within.size() > kDeepest) {
    throw Error("invalid_argument", fmt::format("'{}' lies {} pipelines deep; at most {} may take in each other",
                                                file.string(), within.size(), kDeepest));
  }
}

std::string connect_below(Spec& inner, const NodeSpec& node, std::size_t nodes_so_far) {
  std::vector<std::string> inputs;
  for (const InputSpec& input : inner.inputs) inputs.push_back(input.name);
  std::vector<std::string> outputs;
  for (const YamlNode& output : inner.outputs) outputs.push_back(output.text);
  const std::string name = std::filesystem::path(inner.place).filename().string();
  if (nodes_so_far + inner.nodes.size() > kMostNodes) {
    return fmt::format("with '{}' the pipeline has more than {} nodes", name, kMostNodes);
  }
  if (node.in.size() != inputs.size()) {
    return fmt::format("pipeline '{}' takes {} ({}), 'in' gives {}", name, counted(inputs.size()), quoted_list(inputs),
                       node.in.empty() ? "none" : std::to_string(node.in.size()));
  }
  if (!node.out.empty() && node.out.size() != outputs.size()) {
    return fmt::format("pipeline '{}' gives {} ({}), 'out' names {}", name, counted(outputs.size()),
                       quoted_list(outputs), node.out.size());
  }

  const std::string prefix = node.name + ".";
  prefix_names(inner, prefix);
  std::vector<Alias> enter;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string& port = node.in[i].port.empty() ? inputs[i] : node.in[i].port;
    const auto found = std::ranges::find(inner.inputs, port, &InputSpec::name);
    if (found == inner.inputs.end()) {
      return fmt::format("pipeline '{}' has no input '{}'{}; it has {}", name, port, did_you_mean(port, inputs),
                         quoted_list(inputs));
    }
    enter.push_back({node.place, node.name, prefix + port, node.in[i], found->type});
  }
  std::vector<Alias>& before = inner.nodes.front().enter;
  before.insert(before.begin(), enter.begin(), enter.end());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    YamlNode inside = inner.outputs[i];
    inside.line = node.line;
    inner.nodes.back().leave.push_back(
        {node.place, node.name, node.out.empty() ? outputs[i] : node.out[i].text, {"", inside, false}, ""});
  }
  return "";
}

}  // namespace pipit
