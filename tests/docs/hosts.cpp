// The examples in pipit/pipeline.h and pipit/server.h, each in a function around it.
#include <pipit/pipeline.h>
#include <pipit/server.h>

void use(const pipit::Tensor& tensor);
void one_item();
void wait_for_the_end();
void serve();
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

void serve() {
  pipit::server::ServerOptions options;
  options.pipelines = {{"text_embedding", "text_embedding.yaml"}};
  options.listen = "127.0.0.1:8080";
  pipit::server::Server server(options);  // listens, and opens the models meanwhile
  server.wait_until_ready();              // throws what is wrong with a pipeline
  wait_for_the_end();
  server.stop(std::chrono::seconds(30));  // answers what is under way
}
