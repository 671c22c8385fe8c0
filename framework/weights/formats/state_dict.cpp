#include "weights/formats/state_dict.h"

#include <algorithm>
#include <utility>

namespace pipit::weights {
namespace {

using pickle::Dict;
using pickle::Foreign;
using pickle::Tensor;
using pickle::Text;
using pickle::Value;

constexpr std::size_t kMostNamed = 20;

[[noreturn]] void refuse_object(const Foreign& object) {
  constexpr std::string_view kRemedy = "save its tensors with torch.save(model.state_dict(), …)";
  fail("holds a whole {} object (byte {} of its pickle), which only Python could build; {}",
       quote(pickle::name_of(object.maker)), object.place, kRemedy);
}

bool is_wrapped(const Value* value) {
  return value != nullptr && (std::holds_alternative<Dict>(*value) || std::holds_alternative<Foreign>(*value));
}

const Value* find_wrapped(const Dict& dict) {
  for (std::string_view wrapper : {"state_dict", "model_state_dict", "model", "module"}) {
    const Value* value = pickle::find(dict, wrapper);
    if (is_wrapped(value)) return value;
  }
  return nullptr;
}

// The names under which training programs keep averaged weights.
std::vector<std::string> find_averaged(const Dict& dict) {
  std::vector<std::string> names;
  for (const char* name : {"state_dict_ema", "model_state_dict_ema", "ema_state_dict", "model_ema", "ema_model", "ema",
                           "averaged_model", "swa_state_dict"}) {
    if (is_wrapped(pickle::find(dict, name))) names.emplace_back(name);
  }
  return names;
}

bool has_tensors(const Dict& dict) {
  return std::any_of(dict.entries.begin(), dict.entries.end(),
                     [](const auto& entry) { return std::holds_alternative<Tensor>(*entry.second); });
}

struct Unwrapped {
  const Dict* dict;
  std::vector<std::string> averaged;
  WeightState state;
};

// The innermost of {"state_dict": {…}}, as training programs nest them.
Unwrapped unwrap(const Value& root, WeightState state) {
  constexpr int kDeepest = 4;
  Unwrapped result{nullptr, {}, WeightState::kModel};
  const Value* value = &root;
  for (int depth = 0; depth < kDeepest; ++depth) {
    if (const auto* object = std::get_if<Foreign>(value)) refuse_object(*object);
    const auto* dict = std::get_if<Dict>(value);
    if (dict == nullptr) fail("holds {}, not a state dict", pickle::describe(*value));
    const std::vector<std::string> averaged = find_averaged(*dict);
    const Value* inner = find_wrapped(*dict);
    if (state == WeightState::kAveraged && result.state != state && !averaged.empty()) {
      inner = pickle::find(*dict, averaged.front());
      result.state = state;
    } else if (inner == nullptr && !averaged.empty() && !has_tensors(*dict)) {
      fail("holds averaged weights only, as {}; state: ema takes them", quote(averaged.front()));
    } else if (result.state == WeightState::kModel) {
      result.averaged.insert(result.averaged.end(), averaged.begin(), averaged.end());
    }
    if (inner == nullptr) {
      result.dict = dict;
      return result;
    }
    value = inner;
  }
  fail("wraps its state dict more than {} times", kDeepest);
}

// Attributes of TorchScript modules: tensors and further modules; numbers and the like are not weights. A module may be
// shared, so that the walk could multiply, or go in circles.
class ModuleWalk {
 public:
  NamedTensors tensors;

  void visit(const Value& module, const std::string& prefix) {
    const auto* object = std::get_if<Foreign>(&module);
    const auto* attributes = object != nullptr && object->state != nullptr ? std::get_if<Dict>(object->state) : nullptr;
    if (attributes == nullptr) return;
    for (const auto& [key, value] : attributes->entries) {
      const auto* name = std::get_if<Text>(key);
      if (name == nullptr) damaged("a module has {} for a name", pickle::describe(*key));
      if (++visited_ > kMostVisited) damaged("its modules have more than {} attributes", kMostVisited);
      std::string path = prefix + std::string(name->utf8);
      if (path.size() > kLongestPath) damaged("its modules are nested too deep at {}", quote(path));
      if (const auto* tensor = std::get_if<Tensor>(value)) tensors.emplace(path, tensor);
      visit(*value, path + ".");
    }
  }

 private:
  static constexpr std::size_t kMostVisited = 100'000;
  static constexpr std::size_t kLongestPath = 1'000;
  std::size_t visited_ = 0;
};

}  // namespace

StateDict find_state_dict(const Value& root, WeightState state) {
  Unwrapped found = unwrap(root, state);
  NamedTensors tensors;
  std::vector<std::string> others;
  for (const auto& [key, value] : found.dict->entries) {
    const auto* name = std::get_if<Text>(key);
    if (name == nullptr) fail("holds a dict with {} for a name, not a state dict", pickle::describe(*key));
    if (const auto* tensor = std::get_if<Tensor>(value)) {
      if (!tensors.emplace(name->utf8, tensor).second) damaged("tensor {} is there twice", quote(name->utf8));
    } else {
      others.push_back(fmt::format("{} is {}", quote(name->utf8), pickle::describe(*value)));
    }
  }
  if (tensors.empty() && others.empty()) fail("holds an empty dict, not a state dict");
  if (!others.empty()) fail("holds other things than tensors: {}", join_some(others, kMostNamed));
  return {std::move(tensors), std::move(found.averaged), found.state};
}

NamedTensors find_module_tensors(const Value& root) {
  ModuleWalk walk;
  walk.visit(root, "");
  if (walk.tensors.empty()) fail("is a TorchScript archive without a tensor");
  return std::move(walk.tensors);
}

TensorView view_tensor(const std::string& name, const Tensor& tensor, Bytes storage) {
  auto item = dtype_bytes(tensor.storage.dtype);
  auto available = static_cast<std::uint64_t>(storage.size() / item);
  auto declared = static_cast<std::uint64_t>(tensor.storage.elements);
  auto first = static_cast<std::uint64_t>(tensor.storage.first);
  if (first > available || declared > available - first) {
    damaged("tensor {} has a storage of {} elements, of which {} are in the file", quote(name), declared,
            available - std::min(first, available));
  }
  std::int64_t elements = count_elements(tensor.shape, name);
  // The last element that shape and strides reach.
  std::int64_t last = tensor.offset;
  bool impossible = tensor.offset < 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    std::int64_t reach = 0;
    impossible = impossible || tensor.strides[i] < 0 ||
                 __builtin_mul_overflow(std::max<std::int64_t>(tensor.shape[i] - 1, 0), tensor.strides[i], &reach) ||
                 __builtin_add_overflow(last, reach, &last);
  }
  // An element that is used twice would let a small file describe a tensor of any size; no state dict has one.
  bool repeats = elements > tensor.storage.elements;
  if (impossible || repeats || (elements > 0 && last >= tensor.storage.elements)) {
    damaged("tensor {} of shape [{}], strides [{}] and offset {} does not fit its storage of {} elements", quote(name),
            fmt::join(tensor.shape, ", "), fmt::join(tensor.strides, ", "), tensor.offset, declared);
  }
  std::uint64_t start = elements > 0 ? first + static_cast<std::uint64_t>(tensor.offset) : 0;
  return {tensor.storage.dtype, tensor.shape, tensor.strides, storage.data() + start * item};
}

}  // namespace pipit::weights
