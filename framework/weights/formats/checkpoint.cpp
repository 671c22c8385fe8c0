#include "pipit/weights/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/url.h"
#include "pipit/error.h"
#include "weights/files/file_bytes.h"
#include "weights/files/file_kind.h"
#include "weights/formats/checkpoint_state.h"
#include "weights/formats/contents.h"
#include "weights/formats/safetensors.h"
#include "weights/formats/shard_index.h"
#include "weights/formats/torch_file.h"

namespace pipit::weights {
namespace {

Contents read_contents(Bytes file, WeightState state) {
  std::string_view start = as_text(file).substr(0, 4);
  if (start == "PK\x03\x04" || start == "PK\x05\x06") return read_torch_zip(file, state);
  if (looks_like_pickle(file)) return read_torch_legacy(file, state);
  if (looks_like_safetensors(file)) return read_safetensors(file);
  fail("{}", describe_foreign_file(file));
}

}  // namespace

std::int64_t count_elements(const std::vector<std::int64_t>& shape, std::string_view tensor_name) {
  // Zeros are left out of the product, so that the strides of an empty tensor cannot overflow either.
  std::int64_t product = 1;
  bool empty = false;
  bool impossible = false;
  for (std::int64_t size : shape) {
    empty = empty || size == 0;
    impossible = impossible || size < 0 || (size > 0 && __builtin_mul_overflow(product, size, &product));
  }
  if (impossible) damaged("tensor {} has the impossible shape [{}]", quote(tensor_name), fmt::join(shape, ", "));
  return empty ? 0 : product;
}

std::int64_t TensorView::elements() const {
  // What lies beside a zero may be too large to multiply.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t product = 1;
  for (std::int64_t size : shape) product *= size;
  return product;
}

bool TensorView::contiguous() const {
  if (elements() == 0) return true;
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

bool TensorView::aligned() const {
  return reinterpret_cast<std::uintptr_t>(data) % dtype_bytes(dtype) == 0;
}

std::string_view container_name(Container container) {
  switch (container) {
    case Container::kSafetensors:
      return "safetensors";
    case Container::kTorchZip:
      return "PyTorch state dict";
    case Container::kTorchLegacy:
      return "PyTorch state dict (before 1.6)";
    case Container::kTorchScript:
      return "TorchScript archive";
  }
  return "unknown";
}

namespace {

// Every file that a checkpoint consists of.
struct Files {
  std::vector<std::filesystem::path> paths;
  std::vector<std::shared_ptr<const FileBytes>> bytes;

  Bytes add(const std::filesystem::path& path, std::shared_ptr<const FileBytes> file) {
    paths.push_back(path);
    return bytes.emplace_back(std::move(file))->bytes();
  }
};

// Adds a shard's tensors, which must be those that the index says are in it.
void add_shard(const std::filesystem::path& path, const std::set<std::string>& names, const OpenOptions& options,
               Files& files, Contents& contents) {
  std::string shard = quote(path.filename().string());
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) fail("lacks its shard {}", shard);
  Contents part;
  try {
    part = read_contents(files.add(path, FileBytes::open(path, options.mmap)), options.state);
  } catch (const Fault& fault) {
    fail("has a shard {} that {}", shard, fault.what());
  }
  for (const std::string& name : names) {
    if (!part.tensors.contains(name)) fail("has {} in its index, and not in its shard {}", quote(name), shard);
  }
  for (auto& [name, view] : part.tensors) {
    if (!names.contains(name)) fail("has {} in its shard {}, and not in its index", quote(name), shard);
    contents.tensors.emplace(name, std::move(view));
  }
  contents.container = part.container;
  contents.state = part.state;
}

Contents read_all(const std::filesystem::path& path, const OpenOptions& options, Files& files) {
  std::error_code ignored;
  bool is_folder = std::filesystem::is_directory(path, ignored);
  std::filesystem::path first = is_folder ? find_weights(path) : path;
  auto file = FileBytes::open(first, options.mmap);
  if (looks_like_shard_index(file->bytes())) {
    Contents contents;
    for (const auto& [name, tensors] : read_shard_index(file->bytes())) {
      add_shard(first.parent_path() / name, tensors, options, files, contents);
    }
    return contents;
  }
  return read_contents(files.add(first, std::move(file)), options.state);
}

}  // namespace

Checkpoint::Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Checkpoint Checkpoint::open(const std::filesystem::path& path, const OpenOptions& options) {
  const std::filesystem::path& shown = options.shown_as.empty() ? path : options.shown_as;
  try {
    Files files;
    Contents contents = read_all(path, options, files);
    if (options.state == WeightState::kAveraged && contents.state != options.state) {
      fail(
          "holds no averaged weights ('state_dict_ema', 'model_ema', 'ema' or their like), and state says ema; leave "
          "it out");
    }
    return Checkpoint(std::make_shared<State>(
        State{shown, std::move(files.paths), std::move(files.bytes), nullptr, std::move(contents)}));
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint", fmt::format("weight_path '{}' {}", shown.string(), fault.what()));
  } catch (const std::filesystem::filesystem_error&) {
    throw Error("not_found",
                fmt::format("weight_path '{}' {}", shown.string(),
                            is_url(path.string()) ? "is a URL, which pipit does not read; copy it to a file first"
                                                  : "does not exist"));
  }
}

Checkpoint Checkpoint::read(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                            const std::filesystem::path& shown_as) {
  try {
    return Checkpoint(
        std::make_shared<State>(State{shown_as, {}, {}, std::move(owner), read_contents(bytes, WeightState::kModel)}));
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint", fmt::format("weight_path '{}' {}", shown_as.string(), fault.what()));
  }
}

const std::filesystem::path& Checkpoint::path() const {
  return state_->path;
}
const std::vector<std::filesystem::path>& Checkpoint::files() const {
  return state_->files;
}
Container Checkpoint::container() const {
  return state_->contents.container;
}
const std::map<std::string, TensorView>& Checkpoint::tensors() const {
  return state_->contents.tensors;
}
const std::map<std::string, std::string>& Checkpoint::metadata() const {
  return state_->contents.metadata;
}
const std::vector<std::string>& Checkpoint::averaged() const {
  return state_->contents.averaged;
}
WeightState Checkpoint::state() const {
  return state_->contents.state;
}
std::string Checkpoint::identity() const {
  std::string text;
  for (const auto& file : state_->bytes) {
    if (const auto& is = file->identity()) {
      text += fmt::format("{}:{}:{}:{}:{};", is->device, is->inode, is->size, is->modified_ns, is->changed_ns);
    }
  }
  return text;
}
void Checkpoint::give_back(const TensorView& tensor) const {
  if (!tensor.contiguous()) return;
  const Bytes part(tensor.data, static_cast<std::size_t>(tensor.elements()) * dtype_bytes(tensor.dtype));
  for (const auto& file : state_->bytes) {
    if (file->contains(part)) file->give_back(part);
  }
}
std::shared_ptr<const void> Checkpoint::storage() const {
  return state_;
}

}  // namespace pipit::weights
