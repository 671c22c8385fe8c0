#include "weights/clip/foreign_model.h"

#include <string_view>

#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

struct Mark {
  std::string_view part;
  bool at_start;
  std::string_view meaning;
};

constexpr std::string_view kTightTransf =
    "a tightTransf head, which scores pairs of a video and a sentence and gives no vector; use a checkpoint with a "
    "meanP, "
    "seqLSTM or seqTransf head";
constexpr std::string_view kResNet = "a ResNet CLIP, and pipit runs the ViT ones";
constexpr std::string_view kLora =
    "a LoRA adapter, not the model; put the model's file in weight_path and the adapter's folder in adapter_path";
constexpr std::string_view kGptq = "a model quantised by GPTQ or AWQ; save it as float16 or float32";
constexpr std::string_view kPyTorch = "a model quantised by PyTorch; save it as float16 or float32";

constexpr Mark kMarks[] = {
    {"cross.", true, kTightTransf},
    {"similarity_dense.", true, kTightTransf},
    {"visual.attnpool.", false, kResNet},
    {"visual.layer1.", false, kResNet},
    {".lora_", false, kLora},
    {".qweight", false, kGptq},
    {"._packed_params", false, kPyTorch},
};

}  // namespace

void refuse_foreign_models(const std::map<std::string, TensorView>& tensors, const std::string& root) {
  for (const auto& [name, view] : tensors) {
    for (const Mark& mark : kMarks) {
      bool found =
          mark.at_start ? name.starts_with(root + std::string(mark.part)) : name.find(mark.part) != std::string::npos;
      if (found) fail("has {}, of {}", quote(name), mark.meaning);
    }
  }
}

}  // namespace pipit::weights
