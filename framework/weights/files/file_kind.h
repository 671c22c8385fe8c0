// A guess at what a file is that does not hold weights, for the message that refuses it.
#pragma once

#include <string>

#include "weights/files/bytes.h"

namespace pipit::weights {

/// "is a git-lfs pointer …", "is a video (MP4) …", or its first bytes.
std::string describe_foreign_file(Bytes file);

}  // namespace pipit::weights
