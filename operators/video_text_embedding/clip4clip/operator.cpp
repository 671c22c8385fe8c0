// video_text_embedding.clip4clip: videos and texts as vectors of one space.
#include "pipit/operator.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "clip/node/embedder.h"
#include "clip/node/image_embedder.h"
#include "clip/node/text_embedder.h"
#include "clip/node/weights.h"
#include "feature_pooler.h"
#include "video_embedder.h"

namespace pipit::clip4clip {
namespace {

using clip::Embedder;
using clip::ImageEmbedder;
using clip::Modality;
using clip::TextEmbedder;
using clip::TextOptions;
using clip::Weights;

class Clip4Clip {
 public:
  static Signature signature() {
    const Signature own =
        Signature(
            "Embeds videos and texts into one space with CLIP4Clip, from weights on disk. The vectors are of length "
            "1; the dot "
            "product of a text's and a video's says how well they fit.")
            .variant("modality", "video")
            .input_window("frame", "frame", "the frames of a clip, in order; usually 12, spread over it")
            .output("vec", "tensor<f32>[?]")
            .variant("modality", "frame")
            .input("frame", "frame", "a frame of a clip")
            .output("feature", "tensor<f32>[?]", "of the frame alone; modality: features makes clips' vectors of them")
            .variant("modality", "features")
            .input_window("feature", "tensor<f32>[?]", "those of a clip's frames, in order")
            .output("vec", "tensor<f32>[?]", "what modality: video gives for the frames themselves")
            .variant("modality", "text")
            .input("text", "string", "a sentence in UTF-8")
            .output("vec", "tensor<f32>[?]")
            .required(
                "model_name", "string",
                "auto (whatever the file holds), clip_vit_b32, clip_vit_b16, clip_vit_l14 or clip_vit_l14@336px; a "
                "file that "
                "holds something else is refused")
            .one_of({"auto", "clip_vit_b32", "clip_vit_b16", "clip_vit_l14", "clip_vit_l14@336px"})
            .spelling("clip_vit_l14@336px", "clip_vit_l14_336")
            .required("weight_path", "path",
                      "the checkpoint, CLIP4Clip's, OpenAI's or Hugging Face's; safetensors or PyTorch's zip format; "
                      "pipit downloads none")
            .file_or_folder()
            .required("modality", "enum(video|text|frame|features)", "what comes in")
            .argument("device", "string", "cpu", "cpu, cuda or cuda:N")
            .format("device")
            .argument("dtype", "enum(float32|bfloat16|float16|int8|int4|auto)", "float32",
                      "what the model computes in; float16 on CUDA only; int8 and int4: the blocks' weights, on CPU "
                      "only; auto: "
                      "as a quantised file holds them, else bfloat16 where the device has instructions for it")
            .argument("max_frames", "int", "12", "video: of more frames, so many are taken")
            .at_least(1)
            .rows_used()
            .argument("slice_framepos", "int", "2", "video: which ones: 0 the first, 1 the last, 2 uniformly")
            .between(0, 2)
            .argument("pooling", "enum(normalized|raw)", "normalized",
                      "video: the mean of the frames' vectors, each normalized before (CLIP4Clip) or not (MMAction2)")
            .argument("max_words", "int", "32", "text: of more tokens, so many are taken, start and end included")
            .at_least(2)
            .batch(16)
            .uses_threads();
    return Weights::add_arguments(own);
  }

  Clip4Clip(const Arguments& arguments, Context& context) {
    // One setting for the process. The runtime constructs all operators before any of them works, and gives each the
    // same share.
    if (context.threads() > 0) at::set_num_threads(context.threads());
    const std::string what = arguments.string("modality");
    const Weights weights = Weights::open(arguments, arguments.string("model_name"),
                                          what == "text" ? Modality::kText : Modality::kVideo, context);
    embedder_ = make_embedder(what, arguments, weights, context);
    through_head_ = what != "frame";
    space_ = weights.space;
    vector_type_ = fmt::format("tensor<f32>[{}]", weights.checkpoint.architecture.embed_dim);
    report_ = weights.describe(embedder_->footprint());
    told_ = weights.told;
  }

  void process(const Batch& in, BatchEmitter& out) { embedder_->embed(in, out); }

  std::string output_type(std::uint32_t) const { return vector_type_; }

  Value report() const { return report_; }

  std::string space() const { return space_->name(through_head_); }

 private:
  static std::unique_ptr<Embedder> make_embedder(const std::string& what, const Arguments& arguments,
                                                 const Weights& weights, Context& context) {
    if (what == "text") return std::make_unique<TextEmbedder>(arguments, TextOptions(), weights, context);
    if (what == "video") return std::make_unique<VideoEmbedder>(arguments, weights, context);
    if (weights.checkpoint.architecture.linear_patch == weights::LinearPatch::k3d) {
      throw Error("invalid_argument",
                  "this model's patches are 3d, so that a frame's neighbours are in its feature; use modality: video");
    }
    if (what == "features") return std::make_unique<FeaturePooler>(arguments, weights, context);
    return std::make_unique<ImageEmbedder>(clip::CentreRounding::kHalfToEven, weights, context);
  }

  std::unique_ptr<Embedder> embedder_;
  std::string vector_type_;
  Value report_;
  std::shared_ptr<const void> told_;
  bool through_head_ = true;
  std::optional<clip::Space> space_;
};

}  // namespace
}  // namespace pipit::clip4clip

PIPIT_OPERATOR("video_text_embedding.clip4clip", "1.0.0", "embeds videos and texts into one space",
               pipit::clip4clip::Clip4Clip);
