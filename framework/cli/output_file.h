// A file that is written to, whole pieces at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pipit::cli {

class OutputFile {
 public:
  /// "-" is standard output. Creates the file, keeps its content. Throws pipit::Error (`output_failed`).
  explicit OutputFile(std::string name);
  /// A file that was created here and never begun is removed again.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Empties it.
  void begin();
  /// Appends; on failure takes back what was written of this piece (where the file allows it) and throws
  /// `output_failed`.
  void append(std::string_view piece);
  /// Replaces bytes that are there.
  void overwrite(std::int64_t offset, std::string_view piece);
  /// Gives what was written to the disk; throws `output_failed`, as a full disk may show only now.
  void finish();

 private:
  [[noreturn]] void fail(int error) const;

  std::string name_;
  int file_ = -1;
  std::int64_t size_ = 0;
  bool created_ = false;
  bool begun_ = false;
  bool seekable_ = false;
};

}  // namespace pipit::cli
