// Zip archives as torch.save writes them, and ones that lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ZipFileEntry {
  std::string name;
  std::string data;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
};

struct ZipFileRecord {
  std::uint32_t header = 0;     // where the local header starts
  std::uint32_t directory = 0;  // where the directory's entry starts
};

/// An archive, and where its records lie, so that a test can falsify them.
struct ZipFile {
  std::string bytes;
  std::vector<ZipFileRecord> records;
  std::uint32_t end = 0;  // where the end record starts

  /// The same archive with a number put elsewhere.
  template <typename T>
  std::string with(std::size_t offset, T number) const {
    std::string changed = bytes;
    changed.replace(offset, sizeof(T), reinterpret_cast<const char*>(&number), sizeof(T));
    return changed;
  }
};

ZipFile zip_file(const std::vector<ZipFileEntry>& entries);

/// What torch.save would write for a pickle and storages of the keys "0", "1", ….
std::string torch_zip(const std::string& pickle, const std::vector<std::string>& storages = {});
