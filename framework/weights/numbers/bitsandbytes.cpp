#include "weights/numbers/bitsandbytes.h"

#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>
#include <span>

#include "weights/files/fault.h"
#include "weights/formats/checkpoint_state.h"
#include "weights/formats/safetensors.h"
#include "weights/numbers/elements.h"

namespace pipit::weights {
namespace {

using Tensors = std::map<std::string, TensorView>;

constexpr std::string_view kInt8Mark = ".SCB";
constexpr std::string_view kFormatMark = ".weight_format";
constexpr std::string_view kStateMark = ".quant_state.bitsandbytes__";
constexpr std::size_t kLevels = 16;

template <typename T>
std::vector<T> list_of(const std::string& name, const TensorView& view, DType dtype) {
  if (view.dtype != dtype) fail("has {} of {}, expected {}", quote(name), dtype_name(view.dtype), dtype_name(dtype));
  const std::vector<std::byte> bytes = raw_elements(view);
  std::vector<T> list(bytes.size() / sizeof(T));
  if (!list.empty()) std::memcpy(list.data(), bytes.data(), bytes.size());
  return list;
}

class Dequantizer {
 public:
  explicit Dequantizer(Tensors tensors) : tensors_(std::move(tensors)) {}

  bool run() {
    // Names first, since each weight takes its companions away.
    std::vector<std::string> int8;
    std::vector<std::string> int4;
    for (const auto& [name, view] : tensors_) {
      if (name.ends_with(kInt8Mark)) int8.push_back(name);
      if (name.find(kStateMark) != std::string::npos) int4.push_back(name);
    }
    for (const std::string& name : int8) dequantize_int8(name.substr(0, name.size() - kInt8Mark.size()));
    for (const std::string& name : int4) dequantize_int4(name.substr(0, name.find(kStateMark)), name);
    return !int8.empty() || !int4.empty();
  }

  Tensors tensors() && { return std::move(tensors_); }
  std::shared_ptr<const void> memory() { return memory_; }

 private:
  const TensorView& need(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail("is quantised by bitsandbytes and lacks {}", quote(name));
    return found->second;
  }

  void put(const std::string& name, std::vector<std::int64_t> shape, std::vector<float> numbers) {
    const auto* data = reinterpret_cast<const std::byte*>(memory_->emplace_back(std::move(numbers)).data());
    std::vector<std::int64_t> strides = row_major(shape);
    tensors_[name] = {DType::kFloat32, std::move(shape), std::move(strides), data};
  }

  void dequantize_int8(const std::string& module) {
    const std::string name = module + ".weight";
    const TensorView weight = need(name);
    const auto scale =
        list_of<float>(module + std::string(kInt8Mark), need(module + std::string(kInt8Mark)), DType::kFloat32);
    const auto format = tensors_.find(module + std::string(kFormatMark));
    if (format != tensors_.end()) {
      // 0 is row by row; others are the tilings of some GPUs, which are converted when they are saved.
      for (std::uint8_t layout : list_of<std::uint8_t>(format->first, format->second, DType::kUInt8)) {
        if (layout != 0) fail("has {} in bitsandbytes' layout {}, expected 0 (row by row)", quote(name), layout);
      }
      tensors_.erase(format);
    }
    const auto values = list_of<std::int8_t>(name, weight, DType::kInt8);
    if (weight.shape.size() != 2 || scale.size() != static_cast<std::size_t>(weight.shape[0])) {
      fail("has {} whose {} scales do not fit its rows", quote(name), scale.size());
    }
    const std::size_t columns = scale.empty() ? 0 : values.size() / scale.size();
    std::vector<float> numbers(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      // In the order of its int8_vectorwise_dequant, whose rounding this repeats.
      numbers[i] = static_cast<float>(values[i]) * scale[i / columns] * (1.0F / 127.0F);
    }
    put(name, weight.shape, std::move(numbers));
    tensors_.erase(module + std::string(kInt8Mark));
  }

  struct State {
    std::int64_t block = 0;
    std::vector<std::int64_t> shape;
    std::int64_t nested_block = 0;  // 0: not nested
    float nested_offset = 0;
  };

  State read_state(const std::string& state_name) const {
    const auto bytes = list_of<char>(state_name, need(state_name), DType::kUInt8);
    const auto json = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
    State state;
    try {
      state.block = json.at("blocksize").get<std::int64_t>();
      state.shape = json.at("shape").get<std::vector<std::int64_t>>();
      if (json.contains("nested_blocksize")) {
        state.nested_block = json.at("nested_blocksize").get<std::int64_t>();
        state.nested_offset = json.at("nested_offset").get<float>();
        if (state.nested_block <= 0) fail("has {} with blocks of {}", quote(state_name), state.nested_block);
      }
    } catch (const nlohmann::json::exception&) {
      fail("has {} that is not a state of bitsandbytes", quote(state_name));
    }
    if (state.block <= 0) fail("has {} with blocks of {}", quote(state_name), state.block);
    return state;
  }

  // The greatest magnitude of each block.
  std::vector<float> block_scales(const std::string& name, const State& state) const {
    const TensorView& absmax = need(name + ".absmax");
    if (state.nested_block == 0) return list_of<float>(name + ".absmax", absmax, DType::kFloat32);
    const auto codes = list_of<std::uint8_t>(name + ".absmax", absmax, DType::kUInt8);
    const auto outer = list_of<float>(name + ".nested_absmax", need(name + ".nested_absmax"), DType::kFloat32);
    const auto map = list_of<float>(name + ".nested_quant_map", need(name + ".nested_quant_map"), DType::kFloat32);
    constexpr std::size_t kCodes = 256;
    const auto block = static_cast<std::size_t>(state.nested_block);
    if (map.size() != kCodes || outer.size() < (codes.size() + block - 1) / block) {
      fail("has {} whose nested scales do not fit", quote(name));
    }
    std::vector<float> scales(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) scales[i] = map[codes[i]] * outer[i / block] + state.nested_offset;
    return scales;
  }

  void dequantize_int4(const std::string& name, const std::string& state_name) {
    const State state = read_state(state_name);
    const std::int64_t elements = count_elements(state.shape, name);
    const auto packed = list_of<std::uint8_t>(name, need(name), DType::kUInt8);
    const auto levels = list_of<float>(name + ".quant_map", need(name + ".quant_map"), DType::kFloat32);
    const std::vector<float> scales = block_scales(name, state);
    const auto count = static_cast<std::size_t>(elements);
    const auto block = static_cast<std::size_t>(state.block);
    if (levels.size() != kLevels || packed.size() != count / 2 + count % 2 ||
        scales.size() != count / block + (count % block != 0)) {
      fail("has {} whose {} bytes and {} scales do not fit the shape in {}", quote(name), packed.size(), scales.size(),
           quote(state_name));
    }
    std::vector<float> numbers(count);
    for (std::size_t i = 0; i < count; ++i) {
      // The first of two lies in the high half.
      const unsigned level = i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15u;
      numbers[i] = levels[level] * scales[i / block];
    }
    put(name, state.shape, std::move(numbers));
    for (const std::string& companion :
         {state_name, name + ".absmax", name + ".quant_map", name + ".nested_absmax", name + ".nested_quant_map"}) {
      tensors_.erase(companion);
    }
  }

  Tensors tensors_;
  std::shared_ptr<std::deque<std::vector<float>>> memory_ = std::make_shared<std::deque<std::vector<float>>>();
};

}  // namespace

Checkpoint dequantize_bitsandbytes(const Checkpoint& checkpoint) {
  Dequantizer dequantizer(checkpoint.tensors());
  if (!dequantizer.run()) return checkpoint;
  const auto memory = dequantizer.memory();
  return CheckpointParts::replace(checkpoint, std::move(dequantizer).tensors(), memory);
}

}  // namespace pipit::weights
