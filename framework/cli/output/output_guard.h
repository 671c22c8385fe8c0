// No command writes over what it reads, nor two outputs into one file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/file_identity.h"
#include "graph/graph.h"

namespace pipit::cli {

/// What an option writes, so that nothing else is ever replaced by it: a file that is there must begin so.
struct FileForm {
  const char* what;  // "a result of pipit run"
  std::vector<std::string_view> beginnings;
};
/// The results of a run and what is kept beside them; --stats; --trace; --dot.
extern const FileForm kRunForm;
extern const FileForm kStatisticsForm;
extern const FileForm kTraceForm;
extern const FileForm kPictureForm;

/// Files by device and inode: symbolic and hard links are seen through. First everything that is read, then everything
/// that is written, before any of it is opened for writing.
class OutputGuard {
 public:
  /// `what`: "the inputs 'clips.jsonl'".
  void reads(const std::string& file, const std::string& what);
  /// A file, or every file in a folder.
  void reads_all(const std::string& path, const std::string& what);
  /// A descriptor that was opened from elsewhere, as standard input is.
  void reads(int descriptor, const std::string& what);
  /// The pipeline's file, those of the pipelines that it uses, and the files that arguments name, a folder's included.
  void reads(const std::string& pipeline, const Graph& graph);

  /// A file that an option names, "-" too, and the files that are written beside it. Throws UsageError when it is one
  /// of those above, belongs to another option, or is there and not of this form.
  void writes(const std::string& option, const std::string& file, const FileForm& form);
  /// A file that is written beside an option's: OUT.run.
  void writes_beside(const std::string& option, const std::string& file, const FileForm& form);
  /// A file of any form, which must not be there.
  void writes_new(const std::string& option, const std::string& file, bool overwrite);

  /// The option that writes a file that is there now; empty when none does.
  std::string writer_of(const std::string& file) const;

 private:
  struct Written {
    std::string option;
    std::string file;
  };
  void add(const Written& written, const std::string& subject);

  std::map<FileIdentity, std::string> read_;
  std::map<FileIdentity, std::string> written_;  // by which option
  std::vector<Written> names_;
};

}  // namespace pipit::cli
