// Files that a folder or a pattern stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipit::cli {

/// The video and image files in a folder and the folders below it, by their endings; hidden ones and folders that are
/// links are left out. In natural order of their paths, each beginning with `folder`. Throws pipit::Error (`not_found`)
/// when there is none or the folder cannot be read.
std::vector<std::string> media_files(const std::string& folder);

/// Whether a name has one of the signs *, ? and [.
bool is_pattern(std::string_view name);
/// The files that match a pattern of the shell's, in natural order. Throws pipit::Error (`not_found`) when none does,
/// UsageError for "**".
std::vector<std::string> matching_files(const std::string& pattern);

/// Order in which clip2 comes before clip10.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace pipit::cli
