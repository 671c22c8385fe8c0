#include "cli/input/input_source.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/url.h"
#include "cli/command.h"
#include "cli/input/file_listing.h"

namespace pipit::cli {

InputSource InputSource::open(const std::string& name) {
  if (is_url(name)) throw UsageError(fmt::format("--inputs '{}': URLs are not read; copy it to a file first", name));
  InputSource source;
  source.name = name;
  std::error_code error;
  if (name != "-" && std::filesystem::is_directory(name, error)) {
    source.kind = Kind::kFolder;
    source.files = media_files(name);
  } else if (name != "-" && is_pattern(name) && !std::filesystem::exists(name, error)) {
    source.kind = Kind::kPattern;
    source.files = matching_files(name);
  } else {
    source.lines = std::make_unique<LineReader>(name);
  }
  return source;
}

}  // namespace pipit::cli
