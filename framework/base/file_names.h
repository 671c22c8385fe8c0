// Names of inputs and fields that say that their texts are files.
#pragma once

#include <string_view>

namespace pipit {

/// "path", "image_path", "file": such an input takes no URL, and what a row has in such a field can be shown.
inline bool names_a_file(std::string_view name) {
  return name.ends_with("path") || name.ends_with("file");
}

}  // namespace pipit
