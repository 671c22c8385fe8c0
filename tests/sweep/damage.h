// Damaged files in every way that a table names.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

namespace damage {

/// One damaged version of a file: what was done, and the bytes.
struct Damaged {
  std::string what;
  std::string bytes;
};

using Random = std::mt19937_64;

struct Kind {
  const char* name;
  void (*make)(const std::string& whole, Random& random, std::vector<Damaged>& out);
};

/// Cut; a byte changed; bytes zeroed, put in, taken out; parts swapped; headers that lie.
extern const std::array<Kind, 6> kKinds;

}  // namespace damage
