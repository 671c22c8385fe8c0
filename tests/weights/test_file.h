// Files that tests make up, and what opening them says.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "pipit/weights/checkpoint.h"

/// A file in a folder of its own, both gone at the end.
class TestFile {
 public:
  explicit TestFile(std::string_view bytes, const std::string& name = "weights.bin");
  ~TestFile();
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Grows the file with zeros that take no place on disk.
  void grow(std::uintmax_t size) const { std::filesystem::resize_file(path_, size); }
  void write_beside(const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

/// A number as it lies in a file.
template <typename T>
std::string little_endian(T number) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &number, sizeof(T));
  return bytes;
}

/// What opening says about a file of these bytes, after "weight_path '…' "; the code must be invalid_checkpoint.
std::string refusal(std::string_view bytes);
std::string refusal_of_file(const std::filesystem::path& path, const pipit::weights::OpenOptions& options = {});
