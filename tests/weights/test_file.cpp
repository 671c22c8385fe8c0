#include "test_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>

#include "pipit/error.h"

namespace {

void write(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

}  // namespace

TestFile::TestFile(std::string_view bytes, const std::string& name) {
  std::string folder = (std::filesystem::temp_directory_path() / "pipit-weights-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  path_ = std::filesystem::path(folder) / name;
  write(path_, bytes);
}

TestFile::~TestFile() {
  std::error_code ignored;
  std::filesystem::remove_all(path_.parent_path(), ignored);
}

void TestFile::write_beside(const std::string& name, std::string_view bytes) const {
  write(path_.parent_path() / name, bytes);
}

std::string refusal_of_file(const std::filesystem::path& path, const pipit::weights::OpenOptions& options) {
  try {
    pipit::weights::Checkpoint::open(path, options);
  } catch (const pipit::Error& error) {
    CHECK(error.code() == "invalid_checkpoint");
    std::string message = error.what();
    std::string start = "weight_path '" + path.string() + "' ";
    REQUIRE(message.starts_with(start));
    return message.substr(start.size());
  }
  return "accepted";
}

std::string refusal(std::string_view bytes) {
  return refusal_of_file(TestFile(bytes).path());
}
