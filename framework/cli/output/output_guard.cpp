#include "cli/output/output_guard.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/output/standard_output.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPath = 4096;

}  // namespace

void OutputGuard::reads(const std::string& file, const std::string& what) {
  if (file.empty() || file.size() >= kMaxPath) return;
  const auto identity = FileIdentity::of(file);
  if (identity && identity->name.empty()) read_.try_emplace(*identity, what);
}

void OutputGuard::reads_all(const std::string& path, const std::string& what) {
  reads(path, what);
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    reads(entry->path().string(), what);
  }
}

void OutputGuard::reads(int descriptor, const std::string& what) {
  if (const auto identity = FileIdentity::of(descriptor)) read_.try_emplace(*identity, what);
}

void OutputGuard::reads(const std::string& pipeline, const Graph& graph) {
  reads(pipeline, fmt::format("the pipeline '{}'", pipeline));
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const NodeSpec& spec = graph.spec.nodes[i];
    const GraphNode& node = graph.nodes[i];
    const std::string inner = (spec.folder / fs::path(spec.place).filename()).string();
    reads(inner, fmt::format("the pipeline '{}'", inner));
    reads(node.op.file.string(), fmt::format("the operator '{}'", node.op.name));
    for (const Argument& argument : node.op.signature.arguments) {
      const Value value = node.arguments.get(argument.name);
      if (argument.type.base != ArgumentType::Base::kPath || value.kind() != Kind::kString) continue;
      reads_all(std::string(value.string()), fmt::format("'{}' of node '{}'", argument.name, spec.name));
    }
  }
}

void OutputGuard::add(const Written& written, const std::string& subject) {
  const bool standard = is_standard_output(written.file);
  const auto identity = standard ? FileIdentity::of(standard_output()) : FileIdentity::of(written.file);
  if (!identity) return;
  if (const auto found = read_.find(*identity); found != read_.end()) {
    throw UsageError(fmt::format("{} is the same file as {}; name another file", subject, found->second));
  }
  const auto [other, fresh] = written_.try_emplace(*identity, standard ? "" : written.option);
  // Several options may write to standard output.
  if (!fresh && !(standard && other->second.empty())) {
    throw UsageError(fmt::format("{} is {}; name another file", subject,
                                 other->second.empty() ? "standard output" : "written by " + other->second + " too"));
  }
  names_.push_back(written);
}

void OutputGuard::writes(const std::string& option, const std::string& file) {
  add({option, file}, is_standard_output(file) ? "standard output" : fmt::format("{} '{}'", option, file));
}

void OutputGuard::writes_beside(const std::string& option, const std::string& file) {
  add({option, file}, fmt::format("{}: '{}', which is written beside it,", option, file));
}

std::string OutputGuard::writer_of(const std::string& file) const {
  if (file.empty() || file.size() >= kMaxPath) return "";
  const auto identity = FileIdentity::of(file);
  if (!identity || !identity->name.empty()) return "";
  for (const Written& written : names_) {
    const bool standard = is_standard_output(written.file);
    if ((standard ? FileIdentity::of(standard_output()) : FileIdentity::of(written.file)) == identity) {
      return written.option;
    }
  }
  return "";
}

}  // namespace pipit::cli
