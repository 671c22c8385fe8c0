// The examples in pipit/pipeline.h, each in a function around it.
#include <pipit/pipeline.h>

void use(const pipit::Tensor& tensor);
void one_item();
void own_operator(pipit::Options& options);

void one_item() {
  pipit::Pipeline pipeline = pipit::Pipeline::open("video_embedding.yaml");
  pipit::Result result = pipeline.call({{"path", "clip.mp4"}});
  if (!result.error) use(result.at("vec").tensor());
}

void own_operator(pipit::Options& options) {
  options.operators.emplace_back(
      "host.length", pipit::Signature("Bytes of a text.").input("text", "string").output("bytes", "int"),
      [](const pipit::Row& row) { return static_cast<std::int64_t>(row[0].string().size()); });
}
