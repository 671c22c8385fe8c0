#include "spec/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pipit/error.h"

namespace pipit {
namespace {

constexpr std::size_t kMostTold = 200;  // nobody reads more, and a hostile file has any number

}  // namespace

void Faults::enter(const std::string& place) {
  place_ = place;
  const auto found = std::ranges::find(files_, place);
  file_ = static_cast<std::size_t>(found - files_.begin());
  if (found == files_.end()) files_.push_back(place);
}

void Faults::add(int line, std::string_view message) {
  add({file_, line,
       line > 0 ? fmt::format("{}:{}: {}", place_, line, message) : fmt::format("{}: {}", place_, message)});
}

void Faults::add_from_below(int line, std::string_view text) {
  add({file_, line, std::string(text)});
}

void Faults::add(const Faults& others) {
  const std::string here = place_;
  for (const Fault& fault : others.faults_) {
    enter(others.files_[fault.file]);
    add({file_, fault.line, fault.text});
  }
  enter(here);
}

void Faults::add(Fault fault) {
  if (texts_.insert(fault.text).second) faults_.push_back(std::move(fault));
}

void Faults::raise() const {
  if (faults_.empty()) return;
  auto sorted = faults_;
  std::ranges::stable_sort(sorted, {}, [](const Fault& f) { return std::pair(f.file, f.line); });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostTold); ++i) text += (i == 0 ? "" : "\n") + sorted[i].text;
  if (sorted.size() > kMostTold) text += fmt::format("\n… and {} more faults", sorted.size() - kMostTold);
  throw Error("invalid_pipeline", text);
}

}  // namespace pipit
