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
  const auto found = std::ranges::find(files_, place, &File::place);
  file_ = static_cast<std::size_t>(found - files_.begin());
  if (found == files_.end()) files_.push_back({place});
}

void Faults::show(std::string_view text) {
  files_[file_].text = std::make_shared<SourceText>(text);
}

void Faults::add(SourcePlace at, std::string_view message) {
  add({file_, at, std::string(message)});
}

void Faults::add_from_below(SourcePlace at, std::string_view text) {
  add({file_, at, std::string(text), true});
}

void Faults::add(const Faults& others) {
  const std::size_t here = file_;
  // Faults may be found later in a file that has none so far.
  for (const File& file : others.files_) {
    enter(file.place);
    if (files_[file_].text == nullptr) files_[file_].text = file.text;
  }
  for (const Fault& fault : others.faults_) {
    enter(others.files_[fault.file].place);
    add({file_, fault.at, fault.message, fault.complete});
  }
  file_ = here;
}

void Faults::add(Fault fault) {
  if (seen_.insert(fault).second) faults_.push_back(std::move(fault));
}

void Faults::raise() const {
  if (faults_.empty()) return;
  auto sorted = faults_;
  std::ranges::stable_sort(sorted, {}, [](const Fault& f) { return std::pair(f.file, f.at); });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostTold); ++i) {
    const Fault& fault = sorted[i];
    if (i > 0) text += '\n';
    text += fault.complete ? fault.message : files_[fault.file].told(fault.at, fault.message);
  }
  if (sorted.size() > kMostTold) text += fmt::format("\n… and {} more faults", sorted.size() - kMostTold);
  throw Error("invalid_pipeline", text);
}

std::string Faults::told(SourcePlace at, std::string_view message) const {
  return files_[file_].told(at, message);
}

std::string Faults::File::told(SourcePlace at, std::string_view message) const {
  if (at.line < 1) return fmt::format("{}: {}", place, message);
  const int column = text ? text->character(at) : at.column;
  return fmt::format("{}:{}:{}: {}{}", place, at.line, column, message, text ? text->shown(at) : "");
}

}  // namespace pipit
