// image_text_embedding.clip: images and texts as vectors of one space.
#include "pipit/operator.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clip/node/embedder.h"
#include "clip/node/image_embedder.h"
#include "clip/node/text_embedder.h"
#include "clip/node/weights.h"

namespace pipit::image_clip {
namespace {

using clip::Modality;
using clip::Weights;

/// Towhee's names for the architectures, and the project's own.
class Clip {
 public:
  static Signature signature() {
    const Signature own =
        Signature(
            "Embeds images and texts into one space with CLIP, from weights on disk. The vectors are as long as the "
            "model makes them; towhee.np_normalize makes them 1 long, and then they share the space of "
            "video_text_embedding.clip4clip's with the same weights.")
            .variant("modality", "image")
            .input("image", "frame", "image_decode.ffmpeg's, or a frame of a video")
            .output("vec", "tensor<f32>[?]")
            .variant("modality", "text")
            .input("text", "string", "a sentence in UTF-8")
            .output("vec", "tensor<f32>[?]")
            .required("model_name", "string",
                      "auto (whatever the file holds), clip_vit_base_patch32 (or clip_vit_b32), clip_vit_base_patch16 "
                      "(clip_vit_b16), clip_vit_large_patch14 (clip_vit_l14) or clip_vit_large_patch14_336 "
                      "(clip_vit_l14@336px); a file that holds something else is refused")
            .one_of({"auto", "clip_vit_b32", "clip_vit_b16", "clip_vit_l14", "clip_vit_l14@336px"})
            .spelling("clip_vit_b32", "clip_vit_base_patch32")
            .spelling("clip_vit_b16", "clip_vit_base_patch16")
            .spelling("clip_vit_l14", "clip_vit_large_patch14")
            .spelling("clip_vit_l14@336px", "clip_vit_large_patch14_336")
            .spelling("clip_vit_l14@336px", "clip_vit_l14_336")
            .required("weight_path", "path",
                      "the checkpoint, Hugging Face's, OpenAI's or CLIP4Clip's; safetensors or PyTorch's zip format; "
                      "pipit downloads none")
            .file_or_folder()
            .required("modality", "enum(image|text)", "what comes in")
            .argument("device", "string", "cpu", "cpu, cuda or cuda:N")
            .format("device")
            .argument(
                "dtype", "enum(float32|bfloat16|float16|int8|int4|auto)", "float32",
                "what the model computes in; float16 on CUDA only; int8 and int4: the blocks' weights, on CPU only; "
                "auto: as a quantised file holds them, else bfloat16 where the device has instructions for it")
            .argument(
                "preprocess", "enum(huggingface|openai)", "huggingface",
                "whose tokenizer and centre crop: Hugging Face's repairs no text and rounds the crop's place down, "
                "as Towhee's operator; openai is what clip4clip does")
            .argument("max_words", "int", "77", "text: of more tokens, so many are taken, start and end included")
            .at_least(2)
            .batch(16)
            .uses_threads();
    return Weights::add_arguments(own);
  }

  Clip(const Arguments& arguments, Context& context) {
    // One setting for the process. The runtime constructs all operators before any of them works, and gives each the
    // same share.
    if (context.threads() > 0) at::set_num_threads(context.threads());
    const Modality modality = arguments.string("modality") == "image" ? Modality::kImage : Modality::kText;
    const Weights weights = Weights::open(arguments, arguments.string("model_name"), modality, context);
    const bool openai = arguments.string("preprocess") == "openai";
    if (modality == Modality::kImage) {
      const auto rounding = openai ? clip::CentreRounding::kHalfToEven : clip::CentreRounding::kDown;
      embedder_ = std::make_unique<clip::ImageEmbedder>(rounding, weights, context);
    } else {
      const clip::TextOptions options{openai ? clip::TextRules::kOpenAi : clip::TextRules::kHuggingFace,
                                      /*normalized=*/false};
      embedder_ = std::make_unique<clip::TextEmbedder>(arguments, options, weights, context);
    }
    vector_type_ = fmt::format("tensor<f32>[{}]", weights.checkpoint.architecture.embed_dim);
    report_ = weights.describe(embedder_->footprint());
    told_ = weights.told;
    space_ = weights.space;
  }

  void process(const Batch& in, BatchEmitter& out) { embedder_->embed(in, out); }

  std::string output_type(std::uint32_t) const { return vector_type_; }

  Value report() const { return report_; }

  std::string space() const { return space_->name(/*through_head=*/false); }

 private:
  std::unique_ptr<clip::Embedder> embedder_;
  std::string vector_type_;
  Value report_;
  std::shared_ptr<const void> told_;
  std::optional<clip::Space> space_;
};

}  // namespace
}  // namespace pipit::image_clip

PIPIT_OPERATOR("image_text_embedding.clip", "1.0.0", "embeds images and texts into one space", pipit::image_clip::Clip);
