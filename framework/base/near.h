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

/// What follows "no argument 'bytse'": what there is, then what was probably meant. " (it takes 'bytes'); did you mean
/// 'bytes'?" with the introduction "it takes"; without names " (it takes none)".
std::string instead(std::string_view name, const std::vector<std::string>& names, std::string_view introduction);

/// "'a', 'b' and 'c'"; of many, "'a', 'b' and 70 more".
std::string quoted_list(const std::vector<std::string>& names);

}  // namespace pipit
