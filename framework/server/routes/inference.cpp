// The Open Inference Protocol, version 2, as KServe's and Triton's clients speak it. Tensors as JSON; texts are BYTES.
#include <fmt/format.h>

#include "base/file_names.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"
#include "value/type.h"

namespace pipit::server {
namespace {

/// The protocol's name for an input or output; "" for what has no tensor's form.
std::string datatype_of(const ColumnInfo& column) {
  const Type type = Type::parse(column.type);
  if (type.kind == Kind::kString) return "BYTES";
  if (type.kind == Kind::kInt) return "INT64";
  if (type.kind == Kind::kFloat) return "FP64";
  if (type.kind == Kind::kBool) return "BOOL";
  if (type.kind == Kind::kTensor && type.element == DType::kFloat32) return "FP32";
  return "";
}

Json shape_of(const ColumnInfo& column, std::int64_t rows) {
  Json shape = Json::array({rows});
  const Type type = Type::parse(column.type);
  if (type.kind == Kind::kTensor && type.shape) {
    for (const std::int64_t size : *type.shape) shape.push_back(size);
  }
  return shape;
}

Json tensors(const std::vector<ColumnInfo>& columns) {
  Json list = Json::array();
  for (const ColumnInfo& column : columns) {
    if (const std::string type = datatype_of(column); !type.empty() && !column.many) {
      list.push_back({{"name", column.name}, {"datatype", type}, {"shape", shape_of(column, -1)}});
    }
  }
  return list;
}

/// The elements of an input's data, flat or nested.
void flatten(const Json& data, std::vector<Json>& into) {
  if (!data.is_array()) {
    into.push_back(data);
    return;
  }
  for (const Json& part : data) flatten(part, into);
}

[[noreturn]] void refuse(const std::string& what) {
  throw Refusal{400, "invalid_request", what};
}

std::string string_or_empty(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<Json> rows_of(const Json& body, const ColumnInfo& input) {
  const auto inputs = body.find("inputs");
  if (inputs == body.end() || !inputs->is_array()) refuse("'inputs' is not a list");
  for (const Json& one : *inputs) {
    if (!one.is_object() || string_or_empty(one, "name") != input.name) continue;
    if (one.contains("parameters") && one.at("parameters").is_object() &&
        one.at("parameters").contains("binary_data_size")) {
      refuse("binary tensors are not taken; send JSON: binary_data=False");
    }
    const std::string expected = datatype_of(input);
    const std::string found = string_or_empty(one, "datatype");
    if (found != expected) {
      refuse(fmt::format("input '{}' has datatype '{}', expected '{}'", input.name, found, expected));
    }
    std::vector<Json> rows;
    if (one.contains("data")) flatten(one.at("data"), rows);
    return rows;
  }
  refuse(fmt::format("'inputs' has none that is called '{}'", input.name));
}

Value value_of(const Json& json, const ColumnInfo& input, const Served& served, Running& running) {
  const std::string type = datatype_of(input);
  if (type == "BYTES" && json.is_string()) {
    const std::string text = json.get<std::string>();
    if (!names_a_file(input.name)) return Value(text);
    OpenFile file = open_media(text, served.media);
    const std::string path = file.path();
    running.files->push_back(std::move(file));
    running.names.emplace_back(path, text);
    return Value(path);
  }
  if (type == "INT64" && json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (type == "FP64" && json.is_number()) return Value(json.get<double>());
  if (type == "BOOL" && json.is_boolean()) return Value(json.get<bool>());
  refuse(fmt::format("an element of input '{}' is not of its datatype {}", input.name, type));
}

}  // namespace

Response inference_server(const Served&, const Request&, const std::string&) {
  return json_response({{"name", "pipit"}, {"version", PIPIT_VERSION}, {"extensions", Json::array()}});
}

Response inference_model(const Served& served, const Request&, const std::string& rest) {
  const Model& model = served.house->model(rest);
  return json_response({{"name", model.name()},
                        {"versions", Json::array({"1"})},
                        {"platform", "pipit"},
                        {"inputs", tensors(model.inputs())},
                        {"outputs", tensors(model.outputs())}});
}

Response inference_ready(const Served& served, const Request&, const std::string& rest) {
  return json_response({{"name", served.house->model(rest).name()}, {"ready", true}});
}

Response infer(const Served& served, const Request& request, const std::string& rest) {
  const Model& model = served.house->model(rest);
  // Triton's clients send JSON without saying so.
  Request as_json = request;
  if (request.header("content-type").empty()) as_json.headers.emplace_back("content-type", "application/json");
  const Json body = json_body(as_json);
  std::vector<std::vector<Json>> columns;
  for (const ColumnInfo& input : model.inputs()) columns.push_back(rows_of(body, input));
  const std::size_t rows = columns.empty() ? 0 : columns.front().size();
  for (const auto& column : columns) {
    if (column.size() != rows) refuse("the inputs have different numbers of rows");
  }
  if (rows == 0) refuse("the inputs have no rows");
  if (std::ssize(columns.front()) > served.options.most_items) {
    throw Refusal{413, "too_large",
                  fmt::format("the inputs have {} rows, at most {} are taken", rows, served.options.most_items)};
  }
  std::vector<Running> running(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    Inputs inputs;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      inputs.emplace_back(model.inputs()[i].name, value_of(columns[i][row], model.inputs()[i], served, running[row]));
    }
    model.submit(std::move(inputs), running[row]);
  }
  std::vector<Result> results;
  for (Running& one : running) {
    results.push_back(Model::take(one, request.deadline));
    served.metrics.count_items(model.name(), results.back().error ? 0 : 1, results.back().error ? 1 : 0);
    if (results.back().error) throw refusal_of(*results.back().error);
  }
  Json outputs = Json::array();
  for (const ColumnInfo& output : model.outputs()) {
    const std::string type = datatype_of(output);
    if (type.empty() || output.many) continue;
    std::vector<Json> data;
    Json shape = Json::array({rows});
    for (std::size_t row = 0; row < rows; ++row) {
      const Value& value = results[row].at(output.name);
      // A path is told as the client named it.
      flatten(names_a_file(output.name) && !running[row].names.empty() ? Json(running[row].names.front().second)
                                                                       : json_of(value),
              data);
      if (row == 0 && value.kind() == Kind::kTensor) {
        for (const std::int64_t size : value.tensor().shape()) shape.push_back(size);
      }
    }
    outputs.push_back({{"name", output.name}, {"datatype", type}, {"shape", shape}, {"data", data}});
  }
  Response response = json_response(
      {{"model_name", model.name()}, {"model_version", "1"}, {"id", text_or(body, "id", "")}, {"outputs", outputs}});
  response.about = model.name();
  return response;
}

}  // namespace pipit::server
