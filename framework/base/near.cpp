#include "base/near.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace pipit {
namespace {

constexpr std::size_t kLongest = 256;    // of a name that is a slip of the fingers
constexpr std::size_t kMostListed = 40;  // of names, in one message

/// Letters put in, left out, replaced, or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above.back();
}

}  // namespace

std::string near_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  if (name.size() > kLongest) return best;
  std::size_t best_distance = std::min(std::max<std::size_t>(1, name.size() / 4) + 1, name.size());
  for (const std::string& candidate : candidates) {
    // The last part alone is often what was typed: 'clip4clip' for 'video_text_embedding.clip4clip'.
    const bool is_tail =
        candidate.size() > name.size() && candidate.ends_with(name) &&
        (candidate[candidate.size() - name.size() - 1] == '.' || candidate[candidate.size() - name.size() - 1] == '/');
    const std::size_t distance = is_tail && !name.empty() ? 0 : edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string near = near_name(name, candidates);
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
}

std::string instead(std::string_view name, const std::vector<std::string>& names, std::string_view introduction) {
  return fmt::format(" ({} {}){}", introduction, names.empty() ? "none" : quoted_list(names),
                     did_you_mean(name, names));
}

std::string quoted_list(const std::vector<std::string>& names) {
  const bool cut = names.size() > kMostListed;
  std::string text;
  for (std::size_t i = 0; i < (cut ? kMostListed : names.size()); ++i) {
    if (i > 0) text += !cut && i + 1 == names.size() ? " and " : ", ";
    text += fmt::format("'{}'", names[i]);
  }
  if (cut) text += fmt::format(" and {} more", names.size() - kMostListed);
  return text;
}

}  // namespace pipit
