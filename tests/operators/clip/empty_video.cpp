// test/video.empty: a video without frames, whatever its path.
#include "pipit/operator.h"

namespace {

class EmptyVideo {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Emits nothing.").input("path", "string").output_many("frame", "frame");
  }
  EmptyVideo(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row&, pipit::Emitter&) {}
};

}  // namespace

PIPIT_OPERATOR("test/video.empty", "1.0.0", "emits nothing", EmptyVideo);
