#include "server/routes/routes.h"

namespace pipit::server {

std::span<const Route> routes() {
  static constexpr Route kRoutes[] = {{"GET", "/v1/models", list_models, true},
                                      {"GET", "/v1/models/*", show_model, true},
                                      {"POST", "/v1/embeddings", embeddings},
                                      {"POST", "/v1/pipelines/*", run_pipeline},
                                      {"GET", "/v1/indexes", list_indexes, true},
                                      {"POST", "/v1/search", search},
                                      {"GET", "/v1/pictures/*", picture},
                                      {"GET", "/media/*", media_file},
                                      {"GET", "/v2", inference_server, true},
                                      {"GET", "/v2/models/*/ready", inference_ready, true},
                                      {"GET", "/v2/models/*", inference_model, true},
                                      {"POST", "/v2/models/*/infer", infer},
                                      {"GET", "/openapi.json", openapi, true},
                                      {"GET", "/", page, true},
                                      {"GET", "/page/style.css", page, true},
                                      {"GET", "/page/script.js", page, true}};
  return kRoutes;
}

}  // namespace pipit::server
