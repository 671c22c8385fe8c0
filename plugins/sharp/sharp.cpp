// Whether a frame is sharp enough to be worth looking at.

#include <pipit/operator.h>
#include <pipit/torch.h>

namespace sharp {

/// The variance of the Laplacian of the luma, 0 to 255: blur takes the edges away that make it large (J. L.
/// Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000).
double sharpness(const at::Tensor& pixels) {
  const at::Tensor rgb = pixels.to(at::kFloat);
  const at::Tensor luma = rgb.select(2, 0) * 0.299 + rgb.select(2, 1) * 0.587 + rgb.select(2, 2) * 0.114;
  const std::int64_t height = luma.size(0);
  const std::int64_t width = luma.size(1);
  // The inner pixels, or their neighbours in a direction.
  const auto inner = [&](std::int64_t down, std::int64_t right) {
    return luma.slice(0, 1 + down, height - 1 + down).slice(1, 1 + right, width - 1 + right);
  };
  const at::Tensor laplacian = inner(-1, 0) + inner(1, 0) + inner(0, -1) + inner(0, 1) - inner(0, 0) * 4;
  return laplacian.var(false).item<double>();
}

class Sharp {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Whether a frame is sharp: the variance of its Laplacian is above `threshold`. As a filter it "
               "keeps the frames that are.")
        .input("frame", "frame", "any frame of at least 3 x 3 pixels")
        .output("sharp", "bool", "true above the threshold")
        .argument("threshold", "float", "100",
                  "variance of the Laplacian of the luma, 0 to 255; about 100 parts blurred "
                  "from sharp frames of videos")
        .at_least(0);
  }
  Sharp(const pipit::Arguments& arguments, pipit::Context&) : threshold_(arguments.number("threshold")) {}
  pipit::Value process(const pipit::Row& row) {
    const pipit::Frame frame = row[0].frame();
    if (frame.height() < 3 || frame.width() < 3) {
      throw pipit::Error("invalid_input", "frame has fewer than 3 x 3 pixels");
    }
    return sharpness(pipit::to_torch(frame.pixels())) > threshold_;
  }

 private:
  double threshold_;
};

}  // namespace sharp

PIPIT_OPERATOR("acme/video_filter.sharp", "1.0.0", "keeps sharp frames", sharp::Sharp);
