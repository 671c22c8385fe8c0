// Names that look like addresses, which nothing here reads or writes.
#pragma once

#include <string_view>

namespace pipit::cli {

/// "s3://bucket/clip.mp4": letters, "://" and no space.
bool is_url(std::string_view text);

/// Whether an input of this name is the name of a file: 'path', 'file', 'video_path', …
bool names_a_file(std::string_view input);

}  // namespace pipit::cli
