// POST /v1/embeddings: OpenAI's form, for texts, images and clips.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <span>

#include "base/base64.h"
#include "base/file_names.h"
#include "server/http/multipart.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"
#include "value/json_text.h"

namespace pipit::server {
namespace {

/// One thing to embed: a text, or a file that was named or sent.
struct Thing {
  std::string text;                           // or the file's name
  std::optional<std::string_view> content{};  // of a file that was sent
};

struct Wanted {
  std::string model;
  std::vector<Thing> things;
  bool base64 = false;
  std::int64_t dimensions = 0;  // 0: the model's
};

[[noreturn]] void refuse(const std::string& what, const char* parameter) {
  throw Refusal{400, "invalid_request", what, parameter};
}

/// A string, or {"text": …}, {"image": …} or {"video": …}.
Thing thing_of(const Json& json, const Model& model) {
  if (json.is_string()) return {json.get<std::string>()};
  if (json.is_number())
    refuse("'input' has token numbers; give it texts: the model's own tokens are made here", "input");
  if (!json.is_object() || json.size() != 1 || !json.front().is_string()) {
    refuse("an item of 'input' is neither a string nor an object with one of 'text', 'image' and 'video'", "input");
  }
  const std::string kind = json.begin().key();
  if (kind != "text" && kind != "image" && kind != "video") {
    refuse(fmt::format("an item of 'input' has '{}', expected one of 'text', 'image' and 'video'", kind), "input");
  }
  if ((kind != "text") != model.takes_files()) {
    refuse(fmt::format("model '{}' embeds {}, and an item of 'input' is of '{}'", model.name(),
                       model.takes_files() ? "files" : "texts", kind),
           "input");
  }
  return {json.front().get<std::string>()};
}

bool wants_base64(const std::string& format) {
  if (format == "base64") return true;
  if (format == "float") return false;
  refuse(fmt::format("'encoding_format' is '{}', expected 'float' or 'base64'", format), "encoding_format");
}

Wanted of_json(const Served& served, const Request& request) {
  const Json body = json_body(request);
  Wanted wanted{.model = text(body, "model"), .things = {}};
  const Model& model = served.house->model(wanted.model);
  const auto input = body.find("input");
  if (input == body.end()) refuse("'input' is missing", "input");
  if (input->is_array()) {
    for (const Json& one : *input) wanted.things.push_back(thing_of(one, model));
  } else {
    wanted.things.push_back(thing_of(*input, model));
  }
  wanted.base64 = wants_base64(text_or(body, "encoding_format", "float"));
  wanted.dimensions = whole_number_or(body, "dimensions", 0, 1, 1 << 20);
  return wanted;
}

Wanted of_form(const Request& request) {
  Wanted wanted;
  for (const FormPart& part : form_parts(request.header("content-type"), request.body)) {
    const std::string content(part.is_file ? "" : std::string(part.content));
    if (part.name == "model") {
      wanted.model = content;
    } else if (part.name == "encoding_format") {
      wanted.base64 = wants_base64(content);
    } else if (part.is_file) {
      wanted.things.push_back({part.file.empty() ? part.name : part.file, part.content});
    } else if (part.name == "input" || part.name == "text" || part.name == "image" || part.name == "video") {
      wanted.things.push_back({content});
    } else {
      refuse(
          fmt::format("the form has a field '{}'; it takes model, encoding_format, text, image and video", part.name),
          "");
    }
  }
  if (wanted.model.empty()) refuse("'model' is missing", "model");
  return wanted;
}

Running begin(const Served& served, const Model& model, const Thing& thing) {
  const std::string& input = model.inputs().front().name;
  Running running;
  if (!model.takes_files()) {
    if (thing.content)
      refuse(fmt::format("model '{}' embeds texts, and '{}' is a file", model.name(), thing.text), "input");
    model.submit({{input, Value(thing.text)}}, running);
    return running;
  }
  OpenFile file = thing.content ? OpenFile::of_content(*thing.content) : open_media(thing.text, served.media);
  const std::string path = file.path();
  running.files->push_back(std::move(file));
  running.names.emplace_back(path, thing.text.starts_with("data:") ? "the data URI" : thing.text);
  model.submit({{input, Value(path)}}, running);
  return running;
}

/// Words, which is what can be counted without the model.
std::int64_t words_of(const std::string& text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const unsigned char c : text) {
    const bool space = std::isspace(c) != 0;
    words += inside || space ? 0 : 1;
    inside = !space;
  }
  return words;
}

/// As JSON: the numbers, or their bytes (little-endian float32) as base64.
std::string embedding_of(const Result& result, const ColumnInfo& vector, bool as_base64) {
  const Value& value = result.at(vector.name);
  const Tensor tensor = value.tensor();
  if (tensor.shape().size() != 1 || !tensor.contiguous() || tensor.dtype() != DType::kFloat32) {
    throw Refusal{500, "invalid_output", fmt::format("'{}' is not a vector of float32", vector.name)};
  }
  static_assert(std::endian::native == std::endian::little);
  const std::span floats(tensor.data<float>(), static_cast<std::size_t>(tensor.elements()));
  if (as_base64) return "\"" + base64(std::as_bytes(floats)) + "\"";
  std::string text;
  append_json(text, value);
  return text;
}

void check(const Served& served, const Model& model, const Wanted& wanted) {
  if (!model.embeds()) {
    refuse(fmt::format("model '{}' does not embed: it has {} inputs and {}; ask it at /v1/pipelines/{}", model.name(),
                       model.inputs().size(),
                       model.vector() == nullptr ? "not one vector among its outputs" : "one vector", model.name()),
           "model");
  }
  if (wanted.things.empty()) refuse("'input' is empty", "input");
  if (std::ssize(wanted.things) > served.options.most_items) {
    throw Refusal{
        413, "too_large",
        fmt::format("'input' has {} items, at most {} are taken", wanted.things.size(), served.options.most_items),
        "input"};
  }
  const std::int64_t dimension = model.vector()->dimension;
  if (wanted.dimensions != 0 && dimension != 0 && wanted.dimensions != dimension) {
    refuse(fmt::format("'dimensions' is {}, and model '{}' gives {}", wanted.dimensions, model.name(), dimension),
           "dimensions");
  }
}

}  // namespace

Response embeddings(const Served& served, const Request& request, const std::string&) {
  const bool form = request.header("content-type").starts_with("multipart/form-data");
  const Wanted wanted = form ? of_form(request) : of_json(served, request);
  const Model& model = served.house->model(wanted.model);
  check(served, model, wanted);

  // All are on their way before the first is waited for: they share batches with each other and with strangers'.
  struct Pending {
    std::optional<Running> running;
    std::optional<Refusal> refusal;
  };
  std::vector<Pending> pending;
  std::int64_t words = 0;
  for (const Thing& thing : wanted.things) {
    Pending& one = pending.emplace_back();
    if (request.gone()) throw Refusal{499, "client_closed_request", "the client has gone"};
    words += model.takes_files() ? 0 : words_of(thing.text);
    try {
      one.running.emplace(begin(served, model, thing));
    } catch (const Refusal& refusal) {
      one.refusal = refusal;
    }
  }
  std::string data;
  std::int64_t failed = 0;
  std::optional<Refusal> first;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    Pending& one = pending[i];
    std::string embedding = "null";
    if (one.running) {
      const Result result = Model::take(*one.running, request.deadline);
      if (result.error) {
        one.refusal = refusal_of(*result.error);
      } else {
        embedding = embedding_of(result, *model.vector(), wanted.base64);
      }
      one.running.reset();
    }
    data += fmt::format("{}{{\"object\":\"embedding\",\"index\":{},\"embedding\":{}", i == 0 ? "" : ",", i, embedding);
    if (one.refusal) {
      ++failed;
      const Json error = {{"message", one.refusal->message}, {"code", one.refusal->code}};
      data += ",\"error\":" + error.dump(-1, ' ', false, Json::error_handler_t::replace);
      if (!first) first = one.refusal;
    }
    data += '}';
  }
  served.metrics.count_items(model.name(), std::ssize(pending) - failed, failed);
  // Where nothing came of it the request has failed; else what failed costs itself alone.
  if (first && failed == std::ssize(pending)) throw *first;
  const Json others = {{"model", model.name()}, {"usage", {{"prompt_tokens", words}, {"total_tokens", words}}}};
  Response response;
  response.body = "{\"object\":\"list\",\"data\":[" + data + "]," + others.dump().substr(1) + "\n";
  response.about = model.name();
  return response;
}

}  // namespace pipit::server
