// POST /v1/pipelines/NAME: any pipeline; items in, result lines out, in order.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/file_names.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"
#include "value/json_text.h"
#include "value/type.h"

namespace pipit::server {
namespace {

/// Items of a request that are on their way at once.
constexpr std::size_t kTogether = 64;

/// An item as it was asked for, with what its line carries.
struct Item {
  Json line = Json::object();
  std::optional<Running> running{};
  std::optional<ItemError> error{};
};

Inputs inputs_of(const Json& json, const Served& served, const Model& model, Item& item) {
  Inputs inputs;
  item.running.emplace();
  for (const ColumnInfo& input : model.inputs()) {
    const auto found = json.find(input.name);
    if (found == json.end()) throw Error("invalid_input", fmt::format("input '{}' is missing", input.name));
    item.line[input.name] = *found;
    if (names_a_file(input.name) && found->is_string()) {
      const std::string name = found->get<std::string>();
      OpenFile file = open_media(name, served.media);
      const std::string path = file.path();
      inputs.emplace_back(input.name, Value(path));
      item.running->files->push_back(std::move(file));
      item.running->names.emplace_back(path, name);
    } else {
      const Type type = Type::parse(input.type);
      inputs.emplace_back(input.name,
                          from_json(nlohmann::json::parse(found->dump()), input.many ? Type::list_of(type) : type));
    }
  }
  return inputs;
}

Item begin(std::string_view text, const Served& served, const Model& model) {
  Item item;
  const Json json = Json::parse(text, nullptr, false);
  try {
    if (!json.is_object()) throw Error("invalid_input", "the line is not a JSON object");
    for (const auto& [name, value] : json.items()) item.line[name] = value;
    Inputs inputs = inputs_of(json, served, model, item);
    model.submit(std::move(inputs), *item.running);
  } catch (const Refusal& refusal) {
    item.error = ItemError{"", refusal.code, refusal.message};
  } catch (const Error& e) {
    item.error = ItemError{"", e.code(), e.what()};
  }
  return item;
}

/// {"item":3,…, the outputs or "error"}: what the item carried first, outputs in the place of inputs of their name.
std::string line_of(Item& item, std::int64_t number, Clock::time_point deadline, std::int64_t& failed) {
  Result result;
  if (!item.error) {
    try {
      result = Model::take(*item.running, deadline);
      item.error = result.error;
    } catch (const Refusal& refusal) {
      item.error = ItemError{"", refusal.code, refusal.message};
    }
  }
  Json line = {{"item", number}};
  for (const auto& [name, value] : item.line.items()) {
    if (name != "item") line[name] = value;
  }
  if (item.error) {
    ++failed;
    line["error"] = {{"node", item.error->node}, {"code", item.error->code}, {"message", item.error->message}};
  } else {
    for (std::size_t i = 0; i < result.outputs.size(); ++i) {
      // A path is told as the client named it.
      if (item.line.contains(result.names[i]) && names_a_file(result.names[i])) continue;
      line[result.names[i]] = json_of(result.outputs[i]);
    }
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool next_line(std::string_view& rest, std::string_view& line) {
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Response run_pipeline(const Served& served, const Request& request, const std::string& rest) {
  const Model& model = served.house->model(rest);
  const std::string_view type = request.header("content-type");
  const bool lines = type.starts_with("application/x-ndjson") || type.starts_with("application/jsonl");
  Response response;
  response.about = model.name();
  if (!lines) {
    const Json body = json_body(request);
    Item item = begin(body.dump(), served, model);
    std::int64_t failed = 0;
    std::string line = line_of(item, 0, request.deadline, failed);
    served.metrics.count_items(model.name(), 1 - failed, failed);
    if (item.error) throw refusal_of(*item.error);
    response.body = std::move(line);
    return response;
  }
  response.type = "application/x-ndjson";
  response.stream = [served, &request, &model](const Write& write) {
    std::deque<Item> items;
    std::string_view left = request.body;
    std::string_view line;
    std::int64_t number = 0;
    std::int64_t failed = 0;
    bool good = true;
    while (good) {
      while (items.size() < kTogether && next_line(left, line)) items.push_back(begin(line, served, model));
      if (items.empty()) break;
      // Each item has the whole time: a stream is as long as its list.
      std::string text = line_of(items.front(), number++, Clock::now() + served.options.timeout, failed);
      items.pop_front();
      good = write(text) && !request.gone();
    }
    served.metrics.count_items(model.name(), number - failed, failed);
  };
  return response;
}

}  // namespace pipit::server
