// Near names, for "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipit {

/// The candidate nearest to `name` by edit distance, or empty when none is near enough to be meant.
std::string near_name(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// "'a', 'b' and 'c'".
std::string quoted_list(const std::vector<std::string>& names);

}  // namespace pipit
