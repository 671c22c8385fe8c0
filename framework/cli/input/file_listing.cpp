#include "cli/input/file_listing.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

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
  std::error_code error;
  // "." alone is not worth a prefix.
  const fs::path start = fs::path(folder).lexically_normal() == "." ? fs::path(".") : fs::path(folder);
  for (fs::recursive_directory_iterator entry(start, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unknown;
    if (entry->path().filename().string().starts_with('.')) {
      if (entry->is_directory(unknown)) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(unknown) || !is_media(entry->path())) continue;
    files.push_back(start == "." ? entry->path().lexically_relative(start).string() : entry->path().string());
  }
  if (error) throw Error("not_found", fmt::format("cannot read the folder '{}': {}", folder, error.message()));
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
