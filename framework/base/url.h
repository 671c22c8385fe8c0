// Names that look like addresses, which nothing here reads or writes.
#pragma once

#include <string_view>

namespace pipit {

/// "s3://bucket/clip.mp4": letters, "://" and no space.
bool is_url(std::string_view text);

}  // namespace pipit
