// POST /v1/search: an index, asked with a sentence, an image, a clip or a vector; GET /v1/indexes.
#include <fmt/format.h>

#include <cmath>

#include "base/near.h"
#include "server/http/multipart.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"

namespace pipit::server {
namespace {

constexpr std::int64_t kMostAnswers = 1000;

/// What is asked with, and the file that it reads.
struct Asked {
  Query query;
  std::shared_ptr<OpenFile> file{};
};

double number(const Json& body, const char* name) {
  const Json& value = body.at(name);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    throw Refusal{400, "invalid_request", fmt::format("'{}' is not a number", name), name};
  }
  return value.get<double>();
}

Query of_vector(const Json& json) {
  Query query{.text = "a vector"};
  for (const Json& number : json) {
    if (!number.is_number()) throw Refusal{400, "invalid_request", "'vector' is not a list of numbers", "vector"};
    query.vector.push_back(number.get<float>());
  }
  return query;
}

Asked asked_with(const Served& served, const Json& body) {
  constexpr const char* kKinds[] = {"text", "image", "video", "vector"};
  const char* kind = nullptr;
  for (const char* one : kKinds) {
    if (!body.contains(one)) continue;
    if (kind != nullptr) {
      throw Refusal{
          400, "invalid_request",
          fmt::format("a query has one of 'text', 'image', 'video' and 'vector', found '{}' and '{}'", kind, one), one};
    }
    kind = one;
  }
  if (kind == nullptr)
    throw Refusal{400, "invalid_request", "nothing to search for: give 'text', 'image', 'video' or 'vector'"};
  Asked asked;
  if (std::string_view(kind) == "vector") {
    if (!body.at("vector").is_array())
      throw Refusal{400, "invalid_request", "'vector' is not a list of numbers", "vector"};
    asked.query = of_vector(body.at("vector"));
    return asked;
  }
  asked.query.kind = kind;
  asked.query.text = text(body, kind);
  if (body.contains("start")) asked.query.start = number(body, "start");
  if (body.contains("end")) asked.query.end = number(body, "end");
  if (asked.query.kind != "text") asked.file = std::make_shared<OpenFile>(open_media(asked.query.text, served.media));
  return asked;
}

AnswerUnit unit_of(const std::string& per, const Index& index) {
  if (per.empty()) return has_times(index) ? AnswerUnit::kMoment : AnswerUnit::kRow;
  if (per == "moment") return AnswerUnit::kMoment;
  if (per == "clip") return AnswerUnit::kItem;
  if (per == "row") return AnswerUnit::kRow;
  throw Refusal{400, "invalid_request", fmt::format("'per' is '{}', expected 'moment', 'clip' or 'row'", per), "per"};
}

SearchSettings settings_of(const Json& body, const Index& index) {
  SearchSettings settings;
  settings.k = whole_number_or(body, "k", 10, 1, kMostAnswers);
  if (body.contains("min_score")) settings.least = static_cast<float>(number(body, "min_score"));
  settings.unit = unit_of(text_or(body, "per", ""), index);
  if (body.contains("where")) {
    if (!body.at("where").is_object()) throw Refusal{400, "invalid_request", "'where' is not an object", "where"};
    for (const auto& [field, value] : body.at("where").items()) {
      settings.where.emplace_back(field, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  const auto exact = body.find("exact");
  settings.exact = exact != body.end() && exact->is_boolean() && exact->get<bool>();
  return settings;
}

/// An answer's line, with its file as a client may ask for it.
Json told(const Served& served, const Indexed& indexed, const Query& query, std::size_t rank, ToldAnswer answer) {
  std::string name;
  if (answer.file && answer.file->is_there) name = served.media.name_of(answer.file->file);
  if (answer.file && !name.empty()) answer.file->name = name;
  Json json = Json::parse(answer_line(query, rank, answer));
  json.erase("query");
  if (!name.empty()) {
    json["media"] = "/media/" + name;
    json["picture"] = fmt::format("/v1/pictures/{}/{}", indexed.name(), answer.answer.row);
    if (answer.answer.times) {
      json["picture"] = fmt::format("/v1/pictures/{}/{}?start_ms={}&end_ms={}", indexed.name(), answer.answer.row,
                                    answer.answer.times->start_ms, answer.answer.times->end_ms);
    }
  }
  return json;
}

/// A form with a file is a query by it.
Json of_form(const Request& request, std::optional<OpenFile>& file) {
  Json body = Json::object();
  for (const FormPart& part : form_parts(request.header("content-type"), request.body)) {
    if (part.is_file) {
      file.emplace(OpenFile::of_content(part.content));
      body[part.name] = part.file.empty() ? part.name : part.file;
    } else {
      const std::string content(part.content);
      const Json number = Json::parse(content, nullptr, false);
      body[part.name] = number.is_number() ? number : Json(content);
    }
  }
  return body;
}

Asked asked_of(const Served& served, const Json& body, std::optional<OpenFile> sent) {
  if (!sent) return asked_with(served, body);
  Asked asked;
  for (const char* kind : {"image", "video"}) {
    if (body.contains(kind)) asked.query = {.kind = kind, .text = text(body, kind)};
  }
  if (asked.query.kind.empty())
    throw Refusal{400, "invalid_request", "a file that is sent is called 'image' or 'video'"};
  asked.file = std::make_shared<OpenFile>(std::move(*sent));
  return asked;
}

}  // namespace

Response list_indexes(const Served& served, const Request&, const std::string&) {
  Json list = Json::array();
  for (const auto& [name, indexed] : served.house->indexes()) {
    const Index& index = indexed->index();
    Json kinds = Json::array();
    for (const auto& [kind, query] : index.settings().queries) kinds.push_back(kind);
    list.push_back({{"id", name},
                    {"object", "index"},
                    {"rows", index.manifest().rows()},
                    {"dimensions", index.settings().dimension},
                    {"space", index.settings().space},
                    {"queries", kinds}});
  }
  return json_response({{"object", "list"}, {"data", list}});
}

Response search(const Served& served, const Request& request, const std::string&) {
  std::optional<OpenFile> sent;
  const bool form = request.header("content-type").starts_with("multipart/form-data");
  const Json body = form ? of_form(request, sent) : json_body(request);
  const auto& indexes = served.house->indexes();
  Indexed& indexed = body.contains("index") || indexes.size() != 1 ? served.house->index(text(body, "index"))
                                                                   : *indexes.begin()->second;
  const SearchSettings settings = settings_of(body, indexed.index());
  Asked asked = asked_of(served, body, std::move(sent));
  const std::string shown = asked.query.text;
  if (asked.file) asked.query.text = asked.file->path();
  asked.query.file = asked.file;
  std::vector<Query> queries{asked.query};
  indexed.embed(queries, request.deadline);
  Query& query = queries.front();
  if (query.late) throw Refusal{504, "timeout", "the query was not understood in the time that a request has"};
  if (!query.fault.empty()) {
    const std::string theirs = shown.starts_with("data:") ? "the data URI" : shown;
    const std::string fault = asked.file ? renamed(query.fault, asked.file->path(), theirs) : query.fault;
    throw Refusal{422, "invalid_input", fault, asked.query.kind};
  }
  query.text = shown;
  Json data = Json::array();
  std::size_t rank = 0;
  for (ToldAnswer& answer : indexed.answers(query, settings)) {
    data.push_back(told(served, indexed, query, ++rank, std::move(answer)));
  }
  Response response = json_response({{"object", "list"}, {"index", indexed.name()}, {"data", std::move(data)}});
  response.about = indexed.name();
  return response;
}

}  // namespace pipit::server
