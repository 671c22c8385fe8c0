#include "spec/nested_pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/near.h"
#include "pipit/error.h"
#include "spec/forms.h"

namespace pipit {
namespace {

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostFiles = 1000;
constexpr std::size_t kMostBytes = 16 << 20;
constexpr std::size_t kMostNodes = 10'000;

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
    throw Error("invalid_argument", fmt::format("'{}' includes itself: {}", file.string(), cycle));
  }
  if (within.size() > kDeepest) {
    throw Error("invalid_argument", fmt::format("'{}' is nested {} pipelines deep; expected at most {}", file.string(),
                                                within.size(), kDeepest));
  }
}

void FileBudget::take(const std::filesystem::path& file, std::size_t size) {
  ++files;
  bytes += size;
  const std::string subject = fmt::format("with '{}' the pipeline", file.filename().string());
  if (files > kMostFiles) throw Error(kTooMuch, fmt::format("{} is made of more than {} files", subject, kMostFiles));
  if (bytes > kMostBytes) {
    throw Error(kTooMuch, fmt::format("{} is made of files of more than {} MiB", subject, kMostBytes >> 20));
  }
}

void FileBudget::take_nodes(const std::string& place, std::size_t count) {
  nodes = std::max(nodes, count);
  if (nodes <= kMostNodes) return;
  throw Error(kTooMuch, fmt::format("with '{}' the pipeline has more than {} nodes",
                                    std::filesystem::path(place).filename().string(), kMostNodes));
}

void connect_below(Spec& inner, const NodeSpec& node, const FaultSink& fault) {
  std::vector<std::string> inputs;
  for (const InputSpec& input : inner.inputs) inputs.push_back(input.name);
  std::vector<std::string> outputs;
  for (const YamlNode& output : inner.outputs) outputs.push_back(output.text);
  const std::string name = std::filesystem::path(inner.place).filename().string();
  bool judged = !node.told && !inner.columns_unknown;
  const auto refuse = [&](SourcePlace at, const std::string& message) {
    if (!judged) return;
    fault(at, message);
    judged = false;  // what else does not fit follows from it
    inner.nodes.front().told = true;
  };
  if (node.in.size() != inputs.size()) {
    refuse(node.part("in"),
           fmt::format("pipeline '{}' takes {} ({}), 'in' gives {}", name, counted_columns(inputs.size()),
                       quoted_list(inputs), node.in.empty() ? "none" : std::to_string(node.in.size())));
  } else if (!node.out.empty() && node.out.size() != outputs.size()) {
    refuse(node.part("out"), fmt::format("pipeline '{}' gives {} ({}), 'out' names {}", name,
                                         counted_columns(outputs.size()), quoted_list(outputs), node.out.size()));
  }

  const std::string prefix = node.name + ".";
  prefix_names(inner, prefix);
  InputRef nothing;
  nothing.told = true;
  nothing.column.at = node.at;
  std::vector<Alias> enter;
  for (const InputSpec& input : inner.inputs) {
    enter.push_back({node.place, node.name, prefix + input.name, nothing, input.type});
  }
  for (std::size_t i = 0; i < node.in.size(); ++i) {
    const std::string& port = node.in[i].port.empty() && i < inputs.size() ? inputs[i] : node.in[i].port;
    const auto found = std::ranges::find(inputs, port);
    if (found != inputs.end()) {
      enter[static_cast<std::size_t>(found - inputs.begin())].means = node.in[i];
    } else {
      refuse(node.in[i].at,
             fmt::format("pipeline '{}' has no input '{}'{}", name, port, instead(port, inputs, "it takes")));
    }
  }
  std::vector<Alias>& before = inner.nodes.front().enter;
  before.insert(before.begin(), enter.begin(), enter.end());
  const std::size_t count = node.out.empty() ? outputs.size() : node.out.size();
  for (std::size_t i = 0; i < count; ++i) {
    InputRef means = nothing;
    if (i < outputs.size() && count == outputs.size()) {
      means = {"", inner.outputs[i], false};
      means.column.at = node.at;
    }
    inner.nodes.back().leave.push_back(
        {node.place, node.name, node.out.empty() ? outputs[i] : node.out[i].text, std::move(means), ""});
  }
}

}  // namespace pipit
