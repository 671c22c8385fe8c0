#include "graph/index_queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/near.h"

namespace pipit {
namespace {

/// The spec of a query's pipeline, given the vars of the one whose index it is for.
Spec query_spec(const Spec& spec, const IndexSpec::Query& query) {
  Spec::Options options;
  options.unset_is_warning = spec.unset_is_warning;
  for (const VarSpec& var : spec.vars) {
    Override given{.target = "vars." + var.name, .value = var.value.text, .from_outside = var.value.from_outside};
    given.folder = var.value.folder.empty() ? spec.folder : var.value.folder;
    given.unset = var.value.unset;
    given.told = var.value.told;
    given.if_there = true;
    options.overrides.push_back(std::move(given));
  }
  Spec read = Spec::draft(query.file, options);
  read.index.reset();  // what is asked with that is another matter
  return read;
}

/// Why a pipeline gives no query's vector; empty: it gives one.
std::string misfit_of(const Graph& query, const std::string& vector) {
  if (query.spec.inputs.size() != 1) {
    std::vector<std::string> names;
    for (const InputSpec& input : query.spec.inputs) names.push_back(input.name);
    return fmt::format("takes {} inputs ({}), a query gives one", names.size(), quoted_list(names));
  }
  if (const Type& type = query.column(0).type; !type.accepts(Type::parse("string"))) {
    return fmt::format("takes {}, a query gives string", type.text());
  }
  std::vector<std::string> vectors;
  for (std::size_t i = 0; i < query.outputs.size(); ++i) {
    const Column& column = query.column(query.outputs[i]);
    if (column.domain == kItemDomain && may_be_vector(column.type)) vectors.push_back(query.output_name(i));
  }
  if (vectors.size() == 1 || std::ranges::find(vectors, vector) != vectors.end()) return "";
  if (vectors.empty()) return "has no output that is one vector an item, tensor<f32>[?]";
  return fmt::format("gives several vectors, {}; call the query's '{}' as this pipeline does", quoted_list(vectors),
                     vector);
}

}  // namespace

std::vector<std::string> check_index_queries(const Graph& graph, const OperatorPath& path, Faults& faults) {
  std::vector<std::string> warnings;
  if (!graph.spec.index) return warnings;
  for (const IndexSpec::Query& query : graph.spec.index->queries) {
    const std::string subject = fmt::format("'index.{}'", query.key);
    if (!query.unset.empty()) {
      for (const UnsetVariable& variable : query.unset) {
        const std::string text = fmt::format("{}: {}", subject, variable.message);
        faults.enter(variable.place);
        if (graph.spec.unset_is_warning) {
          warnings.push_back(faults.told(variable.at, text));
        } else {
          faults.add(variable.at, text);
        }
        faults.enter(graph.spec.place);
      }
      continue;
    }
    try {
      const Graph read = Graph::build(query_spec(graph.spec, query), path);
      warnings.insert(warnings.end(), read.warnings.begin(), read.warnings.end());
      const std::string misfit = misfit_of(read, graph.spec.index->vector.text);
      if (!misfit.empty()) faults.add(query.at, fmt::format("{}: '{}' {}", subject, query.file.string(), misfit));
    } catch (const Error& e) {
      if (e.code() == "invalid_pipeline") {
        faults.add_from_below(query.at, e.what());
      } else {
        faults.add(query.at, fmt::format("{}: {}", subject, e.what()));
      }
    }
  }
  return warnings;
}

}  // namespace pipit
