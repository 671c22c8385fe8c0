#include "cli/input/file_listing.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "cli/command.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;

// Containers that FFmpeg knows by these names. Whether a file can be decoded is told when it is opened.
constexpr std::string_view kMediaEndings[] = {
    ".3g2",  ".3gp",  ".asf", ".avi",  ".divx", ".dv",  ".f4v",  ".flv",  ".m2ts", ".m2v",  ".m4v",  ".mkv", ".mov",
    ".mp4",  ".mpeg", ".mpg", ".mts",  ".mxf",  ".ogv", ".rm",   ".rmvb", ".ts",   ".vob",  ".webm", ".wmv", ".y4m",
    ".avif", ".bmp",  ".gif", ".heic", ".jpe",  ".jpg", ".jpeg", ".png",  ".tif",  ".tiff", ".webp"};

bool is_media(const fs::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kMediaEndings, ending) != std::end(kMediaEndings);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the digits that a text begins with, without leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

/// What a folder has that is not hidden. Throws pipit::Error (`not_found`) that names this very folder.
std::vector<fs::directory_entry> entries_of(const fs::path& folder, const fs::path& start) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(*entry);
  }
  if (!error) return entries;
  const std::string remedy =
      folder == start ? "" : fmt::format("; name the files by a pattern, --inputs '{}'", (start / "*").string());
  throw Error("not_found", fmt::format("cannot read the folder '{}': {}{}", folder.string(), error.message(), remedy));
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  std::string_view left = a;
  std::string_view right = b;
  while (!left.empty() && !right.empty()) {
    if (is_digit(left.front()) && is_digit(right.front())) {
      const std::string_view m = take_number(left);
      const std::string_view n = take_number(right);
      if (m.size() != n.size()) return m.size() < n.size();
      if (m != n) return m < n;
      continue;
    }
    if (left.front() != right.front()) {
      return static_cast<unsigned char>(left.front()) < static_cast<unsigned char>(right.front());
    }
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
  if (left.empty() != right.empty()) return left.empty();
  return a < b;
}

std::vector<std::string> media_files(const std::string& folder) {
  std::vector<std::string> files;
  // "." alone is not worth a prefix.
  const fs::path start = fs::path(folder).lexically_normal() == "." ? fs::path(".") : fs::path(folder);
  std::vector<fs::path> folders{start};
  while (!folders.empty()) {
    const fs::path next = std::move(folders.back());
    folders.pop_back();
    for (const fs::directory_entry& entry : entries_of(next, start)) {
      std::error_code unknown;
      const fs::path& path = entry.path();
      if (entry.is_directory(unknown) && !entry.is_symlink(unknown)) folders.push_back(path);
      if (!entry.is_regular_file(unknown) || !is_media(path)) continue;
      files.push_back(start == "." ? path.lexically_relative(start).string() : path.string());
    }
  }
  if (files.empty()) {
    throw Error("not_found", fmt::format("the folder '{}' has no video and no image; name other files by a pattern, "
                                         "--inputs '{}'",
                                         folder, (fs::path(folder) / "*").string()));
  }
  std::ranges::sort(files, natural_less);
  return files;
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> matching_files(const std::string& pattern) {
  for (const fs::path& part : fs::path(pattern)) {
    if (part.string().find("**") == std::string::npos) continue;
    const std::string folder = pattern.substr(0, pattern.find_last_of('/', pattern.find("**")));
    throw UsageError(fmt::format(
        "--inputs '{}': '**' does not stand for folders of any depth here; name a folder, which gives every video and "
        "image below it, --inputs '{}', or write one '*' for each folder on the way",
        pattern, folder.empty() || folder.starts_with("**") ? "." : folder));
  }
  glob_t found{};
  const int result = glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> files;
  for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
    std::error_code error;
    if (!fs::is_directory(found.gl_pathv[i], error)) files.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
  if (files.empty()) throw Error("not_found", fmt::format("no file matches '{}'", pattern));
  std::ranges::sort(files, natural_less);
  return files;
}

}  // namespace pipit::cli
