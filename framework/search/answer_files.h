// Where the files of answers are now.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "index/index.h"
#include "index/search/row_fields.h"

namespace pipit {

/// The file that a row is of.
struct AnswerFile {
  std::string field;           // of the row that names it
  std::string name;            // as a user finds it from here: what the row says, or where the file has gone since
  std::filesystem::path file;  // absolute
  bool is_there = false;
};

/// Looks for a row's file where the row says, seen from the working directory and from that of the run that made the
/// row; then below the index's own folder's parent, where it lies when both were moved together.
class AnswerFiles {
 public:
  explicit AnswerFiles(const Index& index);

  /// Nothing when the row names no file.
  std::optional<AnswerFile> find(const RowFields& row) const;

 private:
  std::string folder_of_run(std::int64_t item) const;
  std::optional<std::filesystem::path> beside_index(const std::filesystem::path& file) const;

  const Index& index_;
  std::filesystem::path beside_;
};

}  // namespace pipit
