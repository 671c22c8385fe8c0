#include "weights/clip/lora_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "pipit/error.h"
#include "weights/clip/clip_layout.h"
#include "weights/config/lora_config.h"
#include "weights/files/fault.h"
#include "weights/files/file_bytes.h"
#include "weights/formats/checkpoint_state.h"
#include "weights/formats/content_digest.h"
#include "weights/formats/safetensors.h"
#include "weights/numbers/elements.h"

namespace pipit::weights {
namespace {

// Where a tensor of some layout's name is among the canonical ones.
struct Target {
  std::string canonical;
  std::size_t part = 0;  // of how many that are joined
  std::size_t parts = 1;
  bool transposed = false;
};

Structure structure_of(const ClipArchitecture& is) {
  return {is.has_vision, is.has_text, is.vision.layers, is.text.layers, is.head, is.head_layers, is.linear_patch};
}

std::map<std::string, Target> targets_of(const ClipArchitecture& architecture) {
  std::map<std::string, Target> targets;
  const std::array layouts = {Layout{"OpenAI", "", ""}, Layout{"CLIP4Clip", "", "clip."},
                              Layout{"Hugging Face", "", "", true}};
  for (const Layout& layout : layouts) {
    for (const Expected& expected : expect_tensors(layout, structure_of(architecture))) {
      for (std::size_t i = 0; i < expected.names.size(); ++i) {
        targets[expected.names[i]] = {expected.name, i, expected.names.size(), expected.transposed};
      }
    }
  }
  return targets;
}

void cut(std::string& text, std::string_view part) {
  const std::size_t at = text.find(part);
  if (at != std::string::npos) text.erase(at, part.size());
}

struct Pair {
  std::string module;
  const TensorView* a = nullptr;  // [rank, in]
  const TensorView* b = nullptr;  // [out, rank]
};

class Merge {
 public:
  Merge(const Checkpoint& adapter, const LoraConfig& config, ClipCheckpoint& checkpoint)
      : config_(config), checkpoint_(checkpoint), targets_(targets_of(checkpoint.architecture)) {
    if (checkpoint.quantization) fail("cannot be merged into quantised weights; quantise the merged model");
    sort(adapter);
  }

  void run() {
    for (const auto& [name, pair] : pairs_) add(name, pair);
    for (const auto& [name, view] : whole_) replace(name, *view);
    for (auto& [name, numbers] : changed_) {
      const std::vector<std::int64_t> shape = shape_of(checkpoint_.tensors.at(name));
      memory_->push_back(std::move(numbers));
      const auto* data = reinterpret_cast<const std::byte*>(memory_->back().data());
      checkpoint_.tensors[name] = {{{DType::kFloat32, shape, row_major(shape), data}}};
    }
    checkpoint_.file = CheckpointParts::replace(checkpoint_.file, checkpoint_.file.tensors(), memory_);
  }

 private:
  void sort(const Checkpoint& adapter) {
    for (const auto& [name, view] : adapter.tensors()) {
      std::string rest = name;
      cut(rest, "base_model.model.");
      cut(rest, ".base_layer");
      if (rest.find("lora_magnitude_vector") != std::string::npos) {
        fail("has {}, of DoRA, which is not merged; merge it with PEFT and use the merged model", quote(name));
      }
      const std::size_t at = rest.find(".lora_");
      if (at == std::string::npos) {
        cut(rest, ".modules_to_save");
        if (!targets_.contains(rest)) cut(rest, ".default");
        whole_[rest] = &view;
        continue;
      }
      std::string kind = rest.substr(at);
      cut(kind, ".default");
      const std::string module = rest.substr(0, at);
      Pair& pair = pairs_[weight_of(module, name)];
      pair.module = module;
      if (kind == ".lora_A.weight") {
        pair.a = &view;
      } else if (kind == ".lora_B.weight") {
        pair.b = &view;
      } else {
        fail("has {}, which is not merged; merge it with PEFT and use the merged model", quote(name));
      }
    }
    if (pairs_.empty() && whole_.empty()) fail("has no tensors");
  }

  std::string weight_of(const std::string& module, const std::string& name) const {
    // Query, key and value are one parameter of PyTorch's own attention.
    for (const char* weight : {".weight", ".in_proj_weight"}) {
      if (targets_.contains(module + weight)) return module + weight;
    }
    fail("has {}, and {} has no such weight", quote(name), checkpoint_.architecture.name);
  }

  const Target& target_of(const std::string& name) const {
    const auto found = targets_.find(name);
    if (found == targets_.end() || !checkpoint_.tensors.contains(found->second.canonical)) {
      fail("has {}, and {} has no such tensor", quote(name), checkpoint_.architecture.name);
    }
    return found->second;
  }

  std::vector<float>& numbers_of(const std::string& canonical) {
    const auto found = changed_.find(canonical);
    if (found != changed_.end()) return found->second;
    return changed_[canonical] = float_elements(checkpoint_.tensors.at(canonical));
  }

  // The rows and columns that a tensor of that name has, as its layout writes it.
  std::pair<std::int64_t, std::int64_t> extent_of(const std::string& name, const Target& target) const {
    std::vector<std::int64_t> shape = shape_of(checkpoint_.tensors.at(target.canonical));
    if (shape.size() != 2) fail("has {}, which is not a matrix", quote(name));
    if (target.transposed) std::swap(shape[0], shape[1]);
    return {shape[0] / static_cast<std::int64_t>(target.parts), shape[1]};
  }

  void add(const std::string& name, const Pair& pair) {
    if (pair.a == nullptr || pair.b == nullptr) {
      fail("has only one of lora_A and lora_B of {}", quote(pair.module));
    }
    const Target& target = target_of(name);
    auto [rows, columns] = extent_of(name, target);
    const auto rank = static_cast<std::int64_t>(config_.rank_of(pair.module));
    // Some layers of others keep their weights transposed, and PEFT its products for them.
    if (config_.fan_in_fan_out) std::swap(rows, columns);
    const std::vector<std::int64_t> a_shape = {rank, columns};
    const std::vector<std::int64_t> b_shape = {rows, rank};
    if (pair.a->shape != a_shape || pair.b->shape != b_shape) {
      fail("has lora_A [{}] and lora_B [{}] of {}, expected [{}] and [{}]", fmt::join(pair.a->shape, ", "),
           fmt::join(pair.b->shape, ", "), quote(pair.module), fmt::join(a_shape, ", "), fmt::join(b_shape, ", "));
    }
    const std::vector<float> a = float_elements({{*pair.a}});
    const std::vector<float> b = float_elements({{*pair.b}});
    const double scale = config_.scale_of(pair.module);
    std::vector<float>& numbers = numbers_of(target.canonical);
    const bool turned = target.transposed != config_.fan_in_fan_out;
    const auto first = static_cast<std::size_t>(target.part) * static_cast<std::size_t>(rows * columns);
    std::vector<double> row(static_cast<std::size_t>(columns));
    for (std::int64_t r = 0; r < rows; ++r) {
      std::fill(row.begin(), row.end(), 0);
      for (std::int64_t k = 0; k < rank; ++k) {
        const double factor = scale * double{b[static_cast<std::size_t>(r * rank + k)]};
        for (std::int64_t c = 0; c < columns; ++c) {
          row[static_cast<std::size_t>(c)] += factor * double{a[static_cast<std::size_t>(k * columns + c)]};
        }
      }
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::int64_t at = turned ? c * rows + r : r * columns + c;
        numbers[first + static_cast<std::size_t>(at)] += static_cast<float>(row[static_cast<std::size_t>(c)]);
      }
    }
  }

  void replace(const std::string& name, const TensorView& view) {
    const Target& target = target_of(name);
    std::vector<std::int64_t> shape = shape_of(checkpoint_.tensors.at(target.canonical));
    if (target.transposed) std::swap(shape[0], shape[1]);
    if (target.parts > 1) shape[0] /= static_cast<std::int64_t>(target.parts);
    if (view.shape != shape || !is_float(view.dtype)) {
      fail("has {} of {} [{}], expected floats [{}]", quote(name), dtype_name(view.dtype), fmt::join(view.shape, ", "),
           fmt::join(shape, ", "));
    }
    const std::vector<float> whole = float_elements({{view}, target.transposed});
    std::vector<float>& numbers = numbers_of(target.canonical);
    std::copy(whole.begin(), whole.end(), numbers.begin() + static_cast<std::ptrdiff_t>(target.part * whole.size()));
  }

  const LoraConfig& config_;
  ClipCheckpoint& checkpoint_;
  std::map<std::string, Target> targets_;
  std::map<std::string, Pair> pairs_;                  // by the weight's name
  std::map<std::string, const TensorView*> whole_;     // by name
  std::map<std::string, std::vector<float>> changed_;  // by canonical name
  std::shared_ptr<std::deque<std::vector<float>>> memory_ = std::make_shared<std::deque<std::vector<float>>>();
};

std::string read_config(const std::filesystem::path& path) {
  const auto file = FileBytes::open(path, false);
  constexpr std::size_t kMostBytes = 1 << 20;
  if (file->bytes().size() > kMostBytes) fail("has an adapter_config.json of more than 1 MiB");
  return std::string(as_text(file->bytes()));
}

/// Of the tensors and of how they are merged.
std::string sum_of(const Checkpoint& adapter, const std::string& config) {
  const std::string all = ContentDigest::sha256(adapter) + config;
  return ContentDigest::sha256(std::as_bytes(std::span(all)));
}

}  // namespace

void merge_adapter(const std::filesystem::path& folder, ClipCheckpoint& checkpoint) {
  try {
    const std::string text = read_config(folder / "adapter_config.json");
    const LoraConfig config = read_lora_config(text);
    std::error_code ignored;
    const bool safetensors = std::filesystem::exists(folder / "adapter_model.safetensors", ignored);
    const Checkpoint adapter =
        Checkpoint::open(folder / (safetensors ? "adapter_model.safetensors" : "adapter_model.bin"), {.mmap = false});
    Merge(adapter, config, checkpoint).run();
    checkpoint.adapter = folder;
    checkpoint.adapter_sha256 = sum_of(adapter, text);
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint", fmt::format("adapter_path '{}' {}", folder.string(), fault.what()));
  } catch (const std::filesystem::filesystem_error&) {
    throw Error("not_found", fmt::format("adapter_path '{}' has no adapter_config.json", folder.string()));
  }
}

}  // namespace pipit::weights
