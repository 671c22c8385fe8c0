// What a Checkpoint shares among its copies.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "contents.h"
#include "file_bytes.h"
#include "pipit/weights/checkpoint.h"

namespace pipit::weights {

struct Checkpoint::State {
  std::filesystem::path path;
  std::vector<std::filesystem::path> files;
  std::vector<std::shared_ptr<const FileBytes>> bytes;  // of each file
  std::shared_ptr<const void> owner;                    // of bytes that are no file's
  Contents contents;
};

}  // namespace pipit::weights
