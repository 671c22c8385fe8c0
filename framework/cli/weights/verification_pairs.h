// Pictures and sentences that any CLIP tells apart.
#pragma once

#include <string>
#include <vector>

#include "pipit/value.h"

namespace pipit::cli {

struct VerificationPair {
  std::string sentence;  // "a big red circle over a white background"
  Frame picture;
};

/// Drawn here, always the same: shapes of one colour over another, no two of them alike.
std::vector<VerificationPair> verification_pairs();

}  // namespace pipit::cli
