#include "server/house.h"

#include <fmt/format.h>

#include "base/near.h"
#include "pipit/error.h"

namespace pipit::server {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& given, const fs::path& file) {
  if (!given.empty()) return given;
  fs::path path = file.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.stem().string();
}

template <class Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

template <class Map>
auto& found_in(const Map& map, const std::string& name, const char* what, const char* parameter) {
  const auto found = map.find(name);
  if (found != map.end()) return *found->second;
  const std::vector<std::string> names = names_of(map);
  throw Refusal{404, "not_found",
                fmt::format("there is no {} '{}'{}; {}", what, name, did_you_mean(name, names),
                            names.empty() ? "the server has none" : "there are: " + quoted_list(names)),
                parameter};
}

}  // namespace

House::House(const ServerOptions& options) {
  Options with_spaces = options.pipeline;
  with_spaces.spaces = true;
  for (const auto& [given, path] : options.indexes) {
    const std::string name = name_of(given, path);
    if (indexes_.contains(name))
      throw Error("invalid_argument", fmt::format("two indexes are called '{}'; name one: NAME=DIR", name));
    indexes_[name] = std::make_shared<Indexed>(name, path, options.pipeline);
  }
  for (const auto& [given, path] : options.pipelines) {
    const std::string name = name_of(given, path);
    if (models_.contains(name))
      throw Error("invalid_argument", fmt::format("two pipelines are called '{}'; name one: NAME=FILE", name));
    add(name, Pipeline::open(path, with_spaces));
  }
  // Whatever an index is asked with embeds as a model, too; what was named comes first.
  for (const auto& [name, indexed] : indexes_) {
    for (const auto& [kind, query] : indexed->index().settings().queries) {
      const std::string model = fs::path(query.file).stem().string();
      if (models_.contains(model)) continue;
      Options own = with_spaces;
      own.set.insert(own.set.begin(), query.set.begin(), query.set.end());
      add(model, Pipeline::parse(query.text, query.folder, own));
    }
    indexed->warm();
  }
}

void House::add(const std::string& name, Pipeline pipeline) {
  models_[name] = std::make_shared<Model>(name, std::move(pipeline));
}

Model& House::model(const std::string& name) const {
  return found_in(models_, name, "model", "model");
}

Indexed& House::index(const std::string& name) const {
  return found_in(indexes_, name, "index", "index");
}

}  // namespace pipit::server
