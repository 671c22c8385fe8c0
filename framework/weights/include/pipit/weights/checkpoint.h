// A weight file, opened: its tensors by name, as they lie in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/dtype.h"
#include "pipit/weights/export.h"

namespace pipit::weights {

using pipit::DType;
using pipit::dtype_bytes;
using pipit::dtype_name;

/// A tensor where it lies in the file. `data` lives as long as the Checkpoint (or any copy of it) does.
/// Every element that shape and strides can reach is inside the file; that was checked at opening.
struct PIPIT_WEIGHTS_EXPORT TensorView {
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements; may be non-contiguous, never negative
  const std::byte* data = nullptr;    // aligned to the element's size only if `aligned()` says so

  std::int64_t elements() const;
  bool contiguous() const;
  bool aligned() const;
};

/// How the tensors are packed in the file; found by content, never by the file's name.
enum class Container { kSafetensors, kTorchZip, kTorchLegacy, kTorchScript };
PIPIT_WEIGHTS_EXPORT std::string_view container_name(Container container);

/// Which of the weights in one file: a training program's own, or the mean of them that it kept beside
/// ("state_dict_ema", "model_ema", "ema").
enum class WeightState { kModel, kAveraged };

struct OpenOptions {
  /// Map the file (shared with every other process that maps it) rather than read it. Turn off for a file that may be
  /// changed while it is in use: a truncated mapping kills the process.
  bool mmap = true;
  /// What `path()` and messages call the file, where that is not the path it is opened by.
  std::filesystem::path shown_as = {};
  /// Averaged weights are an error where the file has none.
  WeightState state = WeightState::kModel;
};

/// An open weight file. Cheap to copy (copies share the mapping); immutable; safe to use from several threads.
class PIPIT_WEIGHTS_EXPORT Checkpoint {
 public:
  /// Reads the directory of the file, touching none of the tensors' bytes. `path` is a safetensors file, one of
  /// torch.save (since 1.6 or before), a TorchScript archive, a shard index (model.safetensors.index.json), or a model
  /// folder with one of those in it. Nothing that a file asks to be executed is. Throws pipit::Error: `not_found`, or
  /// `invalid_checkpoint` with the place in the file and what was expected there.
  static Checkpoint open(const std::filesystem::path& path, const OpenOptions& options = {});

  /// The same of a file's bytes in memory, which `owner` keeps; aligned to 64 bytes.
  static Checkpoint read(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                         const std::filesystem::path& shown_as);

  const std::filesystem::path& path() const;
  Container container() const;
  /// Tensors by the names that the file gives them, wrappers such as {"state_dict": …} removed, a module's by its path.
  const std::map<std::string, TensorView>& tensors() const;
  /// Free text that the file carries (safetensors' `__metadata__`).
  const std::map<std::string, std::string>& metadata() const;
  /// The names under which it has averaged weights beside those of the model.
  const std::vector<std::string>& averaged() const;
  /// Which of them `tensors()` are.
  WeightState state() const;
  /// Which files these are and in which state, as text: another content has another one. Empty for bytes in memory.
  std::string identity() const;
  /// The files it consists of: one, or the shards in the order of their names.
  const std::vector<std::filesystem::path>& files() const;
  /// Takes a contiguous tensor's pages out of the process's memory where the file is mapped: for what was copied and is
  /// not wanted soon. It stays valid, and is read from the file again when it is touched.
  void give_back(const TensorView& tensor) const;
  /// Keeps the bytes behind every TensorView alive.
  std::shared_ptr<const void> storage() const;

 private:
  friend struct CheckpointParts;
  struct State;
  explicit Checkpoint(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace pipit::weights
