#include "search/answer_files.h"

#include <algorithm>
#include <system_error>

#include "base/file_names.h"

namespace pipit {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

/// The first field of a file's name that has a text: the row's inputs come first.
const JsonLine::Member* file_field(const RowFields& row) {
  const auto found = std::ranges::find_if(row.members(), [](const JsonLine::Member& member) {
    return member.value.starts_with('"') && names_a_file(member.name);
  });
  return found == row.members().end() ? nullptr : &*found;
}

}  // namespace

AnswerFiles::AnswerFiles(const Index& index)
    : index_(index), beside_(fs::absolute(index.path() / "").parent_path().parent_path().lexically_normal()) {}

std::optional<AnswerFile> AnswerFiles::find(const RowFields& row) const {
  const JsonLine::Member* field = file_field(row);
  if (field == nullptr) return std::nullopt;
  const std::string name = text_of_json(field->value);
  AnswerFile found{field->name, name, fs::absolute(name), false};
  if (name.empty() || name.find('\0') != std::string::npos) return found;
  found.is_there = is_file(found.file);
  if (found.is_there) return found;
  std::optional<fs::path> elsewhere;
  if (fs::path(name).is_relative()) {
    const fs::path from_run = fs::path(folder_of_run(row.item())) / name;
    if (from_run.is_absolute() && is_file(from_run)) elsewhere = from_run;
  }
  if (!elsewhere) elsewhere = beside_index(name);
  if (!elsewhere) return found;
  const fs::path relative = elsewhere->lexically_proximate(fs::current_path());
  return AnswerFile{field->name, relative.string(), *elsewhere, true};
}

/// That of the last run that began before an item.
std::string AnswerFiles::folder_of_run(std::int64_t item) const {
  std::string folder;
  for (const IndexManifest::Run& run : index_.manifest().runs) {
    if (run.first_item <= item) folder = run.folder;
  }
  return folder;
}

/// As much of the end of a path as is there: "/a/b/c.mp4" as "b/c.mp4", else as "c.mp4".
std::optional<fs::path> AnswerFiles::beside_index(const fs::path& file) const {
  const fs::path relative = file.relative_path().lexically_normal();
  for (auto from = relative.begin(); from != relative.end(); ++from) {
    if (*from == "..") continue;
    fs::path end;
    for (auto part = from; part != relative.end(); ++part) end /= *part;
    if (is_file(beside_ / end)) return beside_ / end;
  }
  return std::nullopt;
}

}  // namespace pipit
