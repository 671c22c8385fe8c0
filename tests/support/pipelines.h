// Helpers: open a pipeline over the tests' operators, run texts through it, print results as one line each.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace test {

inline pipit::Pipeline open(const std::string& yaml, pipit::Options options = {}) {
  options.operator_path.emplace_back(PIPIT_TEST_OPERATORS);
  // The first line of the YAML text is empty, so that lines count from the format's own.
  return pipit::Pipeline::parse("pipit: 1" + yaml, ".", options);
}

inline std::string text_of(const pipit::Value& value) {
  switch (value.kind()) {
    case pipit::Kind::kString:
      return std::string(value.string());
    case pipit::Kind::kInt:
      return std::to_string(value.integer());
    case pipit::Kind::kBool:
      return value.boolean() ? "true" : "false";
    case pipit::Kind::kList: {
      std::string text = "[";
      for (const pipit::Value& element : value.list()) text += (text.size() > 1 ? " " : "") + text_of(element);
      return text + "]";
    }
    default:
      return std::string(kind_name(value.kind()));
  }
}

inline std::string text_of(const pipit::Result& result) {
  if (result.error) return fmt::format("{}: {}: {}", result.error->node, result.error->code, result.error->message);
  std::string text;
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    text += fmt::format("{}{}={}", i > 0 ? " " : "", result.names[i], text_of(result.outputs[i]));
  }
  return text;
}

/// One text through `call`.
inline std::string one(pipit::Pipeline& pipeline, const std::string& text) {
  return text_of(pipeline.call({{"text", text}}));
}

/// Texts through the stream: "position outcome" a line.
inline std::string items(pipit::Pipeline& pipeline, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) pipeline.push({{"text", text}});
  pipeline.close();
  std::string lines;
  while (const auto result = pipeline.next()) lines += fmt::format("{} {}\n", result->item, text_of(*result));
  return lines;
}

}  // namespace test
