// GET /v1/models: OpenAI's list, with what each model takes and gives.
#include "base/file_names.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"

namespace pipit::server {
namespace {

Json columns(const std::vector<ColumnInfo>& all) {
  Json list = Json::array();
  for (const ColumnInfo& column : all) {
    Json one = {{"name", column.name}, {"type", column.type}};
    if (column.many) one["many"] = true;
    list.push_back(one);
  }
  return list;
}

Json about(const Model& model) {
  Json json = {{"id", model.name()},
               {"object", "model"},
               {"created", 0},
               {"owned_by", "pipit"},
               {"inputs", columns(model.inputs())},
               {"outputs", columns(model.outputs())}};
  if (model.embeds()) {
    json["embeds"] = model.takes_files() ? "files" : "texts";
    json["dimensions"] = model.vector()->dimension;
    json["space"] = model.vector()->space;
  }
  return json;
}

}  // namespace

Response list_models(const Served& served, const Request&, const std::string&) {
  Json list = Json::array();
  for (const auto& [name, model] : served.house->models()) list.push_back(about(*model));
  return json_response({{"object", "list"}, {"data", list}});
}

Response show_model(const Served& served, const Request&, const std::string& rest) {
  return json_response(about(served.house->model(rest)));
}

}  // namespace pipit::server
