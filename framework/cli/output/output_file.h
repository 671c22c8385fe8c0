// A file that is written to, whole pieces at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pipit::cli {

class OutputFile {
 public:
  /// "-" is standard output, "/dev/fd/6" what is open as 6. Creates the file (a link's target), keeps its content. As
  /// long as a regular file is open here no other process can open it so: throws pipit::Error (`output_busy`) that
  /// names the one that has it, or `output_failed`.
  explicit OutputFile(std::string name);
  /// An empty file beside the one of this name (a link's target), NAME and `ending`, to take its place; removed again
  /// if it does not.
  static std::unique_ptr<OutputFile> beside(const std::string& name, std::string_view ending);
  /// A file that was created here and never begun is removed again.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& name() const { return name_; }
  /// A file that can be read again and cut: no pipe, no device, not standard output.
  bool is_regular() const;

  /// Empties it. A descriptor that was given is left as it is.
  void begin();
  /// Keeps so many bytes of what is there and goes on behind them.
  void begin_behind(std::int64_t bytes);
  /// Appends; on failure takes back what was written of this piece (where the file allows it) and throws
  /// `output_failed`.
  void append(std::string_view piece);
  /// Replaces bytes that are there.
  void overwrite(std::int64_t offset, std::string_view piece);
  /// Gives what was written to the disk; throws `output_failed`, as a full disk may show only now.
  void finish();
  /// Takes the place of another file (of a link's target), at once and wholly.
  void rename_to(const std::string& name);

 private:
  void open();
  bool lock();
  [[noreturn]] void fail(int error) const;
  void take_back(std::size_t bytes) const;

  std::string name_;
  int file_ = -1;
  bool given_ = false;  // a descriptor that was open already
  bool created_ = false;
  bool begun_ = false;
  bool temporary_ = false;
};

}  // namespace pipit::cli
