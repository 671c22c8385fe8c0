// What a Checkpoint shares among its copies.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "weights/files/file_bytes.h"
#include "weights/formats/contents.h"

namespace pipit::weights {

struct Checkpoint::State {
  std::filesystem::path path;
  std::vector<std::filesystem::path> files;
  std::vector<std::shared_ptr<const FileBytes>> bytes;  // of each file
  std::shared_ptr<const void> owner;                    // of bytes that belong to no file
  Contents contents;
};

/// For the parts of this library that need more of a Checkpoint than its users.
struct CheckpointParts {
  static const Checkpoint::State& state(const Checkpoint& checkpoint) { return *checkpoint.state_; }

  /// The same files with other tensors, some of which lie in memory that `owner` keeps.
  static Checkpoint replace(const Checkpoint& checkpoint, std::map<std::string, TensorView> tensors,
                            std::shared_ptr<const void> owner) {
    Checkpoint::State state = *checkpoint.state_;
    state.contents.tensors = std::move(tensors);
    // What is replaced may itself lie in memory.
    state.owner = std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
        std::move(state.owner), std::move(owner));
    return Checkpoint(std::make_shared<const Checkpoint::State>(std::move(state)));
  }

  /// The same files and nothing that was made of them.
  static Checkpoint without_tensors(const Checkpoint& checkpoint) {
    const Checkpoint::State& whole = *checkpoint.state_;
    Checkpoint::State state{whole.path, whole.files, whole.bytes, nullptr, {}};
    state.contents.container = whole.contents.container;
    state.contents.state = whole.contents.state;
    return Checkpoint(std::make_shared<const Checkpoint::State>(std::move(state)));
  }
};

}  // namespace pipit::weights
