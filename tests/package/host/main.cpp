// Embeds clips: host PIPELINE.yaml CLIP…
#include <pipit/pipeline.h>

#include <cstdio>
#include <thread>

int main(int argc, char** argv) try {
  if (argc < 2) throw pipit::Error("invalid_input", "usage: host PIPELINE.yaml CLIP…");
  pipit::Pipeline pipeline = pipit::Pipeline::open(argv[1]);
  std::jthread producer([&] {
    for (int i = 2; i < argc; ++i) {
      if (!pipeline.push({{"path", argv[i]}})) return;  // waits while enough is in flight
    }
    pipeline.close();
  });
  int failed = 0;
  while (const auto result = pipeline.next()) {
    const char* clip = argv[2 + result->item];  // results come in the order of push
    if (result->error) {
      std::fprintf(stderr, "%s: %s: %s\n", clip, result->error->code.c_str(), result->error->message.c_str());
      ++failed;
      continue;
    }
    const pipit::Tensor vec = result->get("vec").tensor();
    std::printf("%s: a vector of %lld numbers\n", clip, static_cast<long long>(vec.elements()));
  }
  return failed == 0 ? 0 : 1;
} catch (const pipit::Error& e) {
  std::fprintf(stderr, "%s: %s\n", e.code().c_str(), e.what());
  return 2;
}
