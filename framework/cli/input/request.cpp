#include "cli/input/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file_names.h"
#include "base/near.h"
#include "base/url.h"
#include "cli/command.h"
#include "value/json_line.h"
#include "value/json_text.h"

namespace pipit::cli {
namespace {

// Names of a result line, in whichever form.
constexpr const char* kOwnNames[] = {"item", "row", "rows", "error"};

void append_field(std::string& fields, std::string_view name_text, std::string_view json) {
  fields += ',';
  fields += name_text;
  fields += ':';
  fields += json;
}

std::string quoted_json(std::string_view text) {
  std::string json;
  append_json_text(json, text, OtherBytes::kEscape);
  return json;
}

bool has(const Request& request, const std::string& name) {
  return std::ranges::find(request.inputs, name, &Inputs::value_type::first) != request.inputs.end();
}

/// What `make` gives; what it throws is the item's error.
template <class Make>
Request contained(Make make) {
  try {
    return make();
  } catch (const UsageError&) {
    throw;
  } catch (const std::bad_alloc&) {
    Request request = RequestReader::failed("needs more memory than there is");
    request.error->code = "out_of_memory";
    return request;
  } catch (const std::exception& e) {
    return RequestReader::failed(e.what());
  }
}

}  // namespace

RequestReader::RequestReader(const std::vector<ColumnInfo>& inputs, const std::vector<ColumnInfo>& outputs, Warn warn,
                             Refuse refuse)
    : warn_(std::move(warn)), refuse_(std::move(refuse)) {
  for (const ColumnInfo& column : inputs) {
    types_.push_back(Type::parse(column.type));
    names_.push_back(column.name);
  }
  for (const ColumnInfo& column : outputs) taken_.push_back(column.name);
  for (const char* name : kOwnNames) taken_.emplace_back(name);
}

Request RequestReader::failed(const std::string& message) {
  Request request;
  request.error = ItemError{"", "invalid_input", message};
  return request;
}

Request RequestReader::from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) const {
  return contained([&] {
    Request request;
    for (const auto& [name, text] : pairs) {
      if (has(request, name)) {
        throw UsageError(fmt::format("--input {}: given twice; several items come from --inputs FILE", name));
      }
      if (type_of_input(name) == nullptr) {
        throw UsageError(fmt::format("--input {}={}: no input '{}'{}", name, text, name,
                                     instead(name, names_, "the pipeline takes")));
      }
      Value value = value_of_text(name, text);
      if (const Type& type = *type_of_input(name); !type.holds(value)) {
        throw UsageError(
            fmt::format("--input {}={}: '{}' takes {}, found {}", name, text, name, type.text(), type_of(value)));
      }
      add(request, name, std::move(value), quoted_json(text));
    }
    for (const std::string& name : names_) {
      if (has(request, name)) continue;
      throw UsageError(fmt::format("--input {}=… is missing; the pipeline takes {}", name, quoted_list(names_)));
    }
    return request;
  });
}

Request RequestReader::from_json(std::string_view text) const {
  return contained([&] {
    const JsonLine line = JsonLine::read(text);
    if (line.kind != "object") {
      return failed(fmt::format("expected a JSON object with {}, found {} {}", quoted_list(names_),
                                line.kind == "array" ? "an" : "a", line.kind));
    }
    Request request;
    for (const JsonLine::Member& member : line.members) {
      if (type_of_input(member.name) != nullptr) {
        try {
          add(request, member.name, value_of_json(member.name, member.value), member.value);
        } catch (const std::exception& e) {
          append_field(request.fields.inputs, member.name_text, member.value);
          if (!request.error) {
            request.error = ItemError{"", "invalid_input", fmt::format("input '{}' {}", member.name, e.what())};
          }
        }
        continue;
      }
      const std::string name =
          carried_name(member.name, [&](const std::string& other) { return line.find(other) != nullptr; });
      append_field(request.fields.carried, name == member.name ? std::string(member.name_text) : quoted_json(name),
                   member.value);
    }
    check(request);
    return request;
  });
}

Request RequestReader::from_cells(const std::vector<std::string>& header, const std::vector<std::string>& cells) const {
  return contained([&] {
    Request request;
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (type_of_input(header[i]) != nullptr) {
        add(request, header[i], value_of_text(header[i], cells[i]), quoted_json(cells[i]));
        continue;
      }
      const std::string name = carried_name(
          header[i], [&](const std::string& other) { return std::ranges::find(header, other) != header.end(); });
      append_field(request.fields.carried, quoted_json(name), quoted_json(cells[i]));
    }
    check(request);
    return request;
  });
}

Request RequestReader::from_text(const std::string& text) const {
  return from_cells({names_.front()}, {text});
}

/// The name under which a field that is not an input is carried: its own, or another where the result has a field of
/// that name.
std::string RequestReader::carried_name(const std::string& name,
                                        const std::function<bool(const std::string&)>& is_there) const {
  if (std::ranges::find(taken_, name) == taken_.end()) return name;
  std::string other = "input." + name;
  while (is_there(other) || std::ranges::find(taken_, other) != taken_.end()) other.insert(0, "input.");
  if (warned_.insert(name).second && warn_) {
    warn_(fmt::format("the inputs have a field '{0}', which is also a name of the results; it is carried as '{1}'",
                      name, other));
  }
  return other;
}

const Type* RequestReader::type_of_input(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  return found == names_.end() ? nullptr : &types_[static_cast<std::size_t>(found - names_.begin())];
}

/// Throws an exception that says what the value is, to follow its name.
Value RequestReader::value_of_json(const std::string& name, std::string_view json) const {
  if (json.starts_with('"')) return text_of_json(json);
  const Type* type = type_of_input(name);
  try {
    return pipit::from_json(nlohmann::json::parse(json), type != nullptr ? *type : Type{});
  } catch (const nlohmann::json::out_of_range&) {
    throw Error("invalid_input", "holds a number that is too large");
  } catch (const nlohmann::json::exception&) {
    throw Error("invalid_input", "holds an escape that is not a character");
  }
}

Value RequestReader::value_of_text(const std::string& name, const std::string& text) const {
  const Type* type = type_of_input(name);
  if (type == nullptr || !type->kind || *type->kind == Kind::kString) return text;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  return json.is_discarded() ? Value(text) : pipit::from_json(json, *type);
}

/// Here and not only by the pipeline, which knows no lines.
void RequestReader::check(Request& request) const {
  const auto refuse = [&](const std::string& message) {
    if (!request.error) request.error = ItemError{"", "invalid_input", message};
  };
  for (const auto& [name, value] : request.inputs) {
    const Type& type = *type_of_input(name);
    if (!type.holds(value)) refuse(fmt::format("input '{}' takes {}, found {}", name, type.text(), type_of(value)));
  }
  for (const std::string& name : names_) {
    if (has(request, name)) continue;
    refuse(fmt::format("input '{}' is missing; the pipeline takes {}", name, quoted_list(names_)));
  }
}

void RequestReader::add(Request& request, const std::string& name, Value value, std::string_view json) const {
  append_field(request.fields.inputs, quoted_json(name), json);
  if (value.kind() == Kind::kString && !request.error) {
    const std::string text(value.string());
    std::string fault = refuse_ ? refuse_(text) : "";
    if (fault.empty() && names_a_file(name) && is_url(text)) fault = "is a URL, which pipit does not read";
    if (!fault.empty()) {
      request.error = ItemError{"", "invalid_input", fmt::format("input '{}': '{}' {}", name, text, fault)};
    }
  }
  request.inputs.emplace_back(name, std::move(value));
}

}  // namespace pipit::cli
