// Embeds clips: host PIPELINE.yaml CLIP…
#include <pipit/pipeline.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc < 2) throw pipit::Error("invalid_input", "usage: host PIPELINE.yaml CLIP…");
  pipit::Pipeline pipeline = pipit::Pipeline::open(argv[1]);
  int given = 2;
  int failed = 0;
  pipeline.stream(
      // Called by a thread of its own, which waits while enough is in flight.
      [&]() -> std::optional<pipit::Inputs> {
        if (given == argc) return std::nullopt;
        return pipit::Inputs{{"path", argv[given++]}};
      },
      // Called by this thread, in the order of the inputs.
      [&](const pipit::Result& result) {
        const char* clip = argv[2 + result.item];
        if (result.error) {
          std::fprintf(stderr, "%s: %s: %s\n", clip, result.error->code.c_str(), result.error->message.c_str());
          ++failed;
          return;
        }
        const pipit::Tensor vec = result.at("vec").tensor();
        std::printf("%s: a vector of %lld numbers\n", clip, static_cast<long long>(vec.elements()));
      });
  return failed == 0 ? 0 : 1;
} catch (const pipit::Error& e) {
  std::fprintf(stderr, "%s: %s\n", e.code().c_str(), e.what());
  return 2;
}
