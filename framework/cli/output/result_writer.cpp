#include "cli/output/result_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/url.h"
#include "cli/command.h"
#include "cli/output/index_results.h"
#include "cli/output/lines_writer.h"
#include "cli/output/numpy_writer.h"
#include "cli/output/standard_output.h"
#include "cli/run/record_file.h"

namespace pipit::cli {
namespace {

std::string ending_of(const std::string& file) {
  std::string ending = std::filesystem::path(file).extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

bool is_array(const std::string& file) {
  return ending_of(file) == ".npy";
}

}  // namespace

std::unique_ptr<ResultWriter> ResultWriter::open(const std::string& file, const std::string& column) {
  if (is_index(file)) return std::make_unique<IndexResults>(file, column);
  if (is_array(file)) return std::make_unique<NumpyWriter>(file, column);
  return std::make_unique<LinesWriter>(file);
}

bool ResultWriter::is_index(const std::string& file) {
  return ending_of(file) == ".index";
}

void ResultWriter::append(const RunToWrite&) {
  throw UsageError("--append adds to an index, --output DIR.index");
}

void ResultWriter::check_ending(const std::string& file) {
  if (named_descriptor(file)) return;
  if (is_url(file)) {
    throw UsageError(fmt::format("--output '{}': URLs are not written; write a file and copy it", file));
  }
  const std::string ending = ending_of(file);
  if (ending.empty() || ending == ".jsonl" || ending == ".ndjson" || ending == ".npy" || ending == ".index") return;
  std::error_code error;
  // Pipes and devices take lines, whatever they are called.
  if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error)) return;
  throw UsageError(
      fmt::format("--output '{}': pipit does not write '{}'; it writes '.jsonl' (or '.ndjson', or no ending), a JSON "
                  "object a line, '.npy', a NumPy array, and '.index', an index to search in",
                  file, ending));
}

std::vector<std::string> ResultWriter::files_beside(const std::string& file) {
  if (is_index(file)) return {};
  std::vector<std::string> files{RecordFile::name_of(file)};
  if (is_array(file)) files.push_back(NumpyWriter::lines_of(file));
  for (std::size_t i = 0, n = files.size(); i < n; ++i) files.push_back(files[i] + ".new");
  std::vector<std::string> written{file};
  if (is_array(file)) written.push_back(NumpyWriter::lines_of(file));
  for (const std::string& one : written) {
    for (const char* ending : {".new", ".retry"}) files.push_back(one + ending);
  }
  std::ranges::sort(files);
  files.erase(std::ranges::unique(files).begin(), files.end());
  return files;
}

}  // namespace pipit::cli
