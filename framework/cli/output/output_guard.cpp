#include "cli/output/output_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/command.h"
#include "cli/output/standard_output.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPath = 4096;

/// What a regular file begins with; empty where there is none, or nothing in it.
std::string beginning_of(const std::string& file) {
  std::error_code error;
  std::string bytes;
  if (!fs::is_regular_file(file, error)) return bytes;
  bytes.resize(32);
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

/// A run that was killed may have left less than a whole beginning.
bool is_of_form(std::string_view found, const FileForm& form) {
  return found.empty() || std::ranges::any_of(form.beginnings, [&](std::string_view beginning) {
           return found.substr(0, beginning.size()) == beginning.substr(0, found.size());
         });
}

std::string subject_of(const std::string& option, const std::string& file) {
  return is_standard_output(file) ? "standard output" : fmt::format("{} '{}'", option, file);
}

void check_form(const std::string& subject, const std::string& file, const FileForm& form) {
  if (named_descriptor(file) || is_of_form(beginning_of(file), form)) return;
  throw UsageError(fmt::format("{} is there and is not {}; remove it, or name another file", subject, form.what));
}

}  // namespace

const FileForm kRunForm{"a result of pipit run",
                        {R"({"item":)", "\x93NUMPY", "{\n  \"pipit\":", R"({"pipit":)", R"({"shard":)"}};
const FileForm kStatisticsForm{"the statistics of an earlier run", {R"({"items":)"}};
const FileForm kTraceForm{"the trace of an earlier run", {R"([{"name":"process_name")"}};
const FileForm kPictureForm{"a picture of a pipeline", {"digraph "}};

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

void OutputGuard::writes(const std::string& option, const std::string& file, const FileForm& form) {
  const std::string subject = subject_of(option, file);
  add({option, file}, subject);
  check_form(subject, file, form);
}

void OutputGuard::writes_beside(const std::string& option, const std::string& file, const FileForm& form) {
  const std::string subject = fmt::format("{}: '{}', which is written beside it,", option, file);
  add({option, file}, subject);
  check_form(subject, file, form);
}

void OutputGuard::writes_new(const std::string& option, const std::string& file, bool overwrite) {
  const std::string subject = subject_of(option, file);
  if (is_standard_output(file)) throw UsageError(fmt::format("{} cannot be standard output; name a file", option));
  add({option, file}, subject);
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return;
  if (!fs::is_regular_file(status)) throw UsageError(fmt::format("{} is not a file; name another", subject));
  if (!overwrite && !beginning_of(file).empty()) {
    throw UsageError(fmt::format("{} is there; replace it by --overwrite, or name another file", subject));
  }
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
