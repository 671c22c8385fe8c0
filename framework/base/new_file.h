// A file that is there wholly, or not at all.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "weights/files/bytes.h"

namespace pipit::weights {

/// "cannot be written: no space left on device"
class WriteFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Written under another name in the folder of the one that it shall get; gone unless it was given that.
class NewFile {
 public:
  /// Throws WriteFault, as everything here.
  explicit NewFile(const std::filesystem::path& folder);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(Bytes bytes);
  /// Gives it its name, in place of what may have it. `durable`: only once the disk has it.
  void name(const std::filesystem::path& path, bool durable);

 private:
  std::string temporary_;
  int number_;
};

}  // namespace pipit::weights
