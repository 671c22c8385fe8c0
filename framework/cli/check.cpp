// pipit check

#include <fmt/format.h>

#include <set>

#include "base/process_limits.h"
#include "cli/output/output_file.h"
#include "cli/output/output_guard.h"
#include "command.h"
#include "graph/index_queries.h"
#include "pipit/error.h"
#include "plan/dot.h"
#include "plan/plan.h"
#include "value/json_text.h"

namespace pipit::cli {

namespace po = boost::program_options;

namespace {

/// Results are written as JSON.
void check_forms(const Graph& graph, Faults& faults) {
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const Column& column = graph.column(graph.outputs[i]);
    if (has_json_form(column.type)) continue;
    faults.add(graph.spec.outputs[i].at,
               fmt::format("output '{}' is {}, which has no JSON form; leave it out of 'outputs'", graph.output_name(i),
                           column.type.text()));
  }
}

}  // namespace

int check(const Arguments& arguments) {
  po::options_description options("options");
  add_pipeline_options(options);
  options.add_options()("pipeline", po::value<std::string>()->required()->value_name("PIPELINE.yaml"),
                        "the pipeline file");
  options.add_options()("explain", po::bool_switch(), "print what would run where");
  options.add_options()("dot", po::value<std::string>()->value_name("FILE"),
                        "draw it in Graphviz's language; - is standard output");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "the thread budget to plan for; 0: all CPUs");
  po::positional_options_description positional;
  positional.add("pipeline", 1);
  const Parsed parsed = parse(arguments, "check PIPELINE.yaml [--explain] [--dot FILE]", options, positional);
  if (parsed.done) return kAllGood;

  const std::string file = parsed.values["pipeline"].as<std::string>();
  Spec::Options spec_options;
  spec_options.unset_is_warning = true;
  for (auto& [target, value] : assignments(parsed.values, "set")) spec_options.overrides.push_back({target, value});
  const OperatorPath operators(operator_folders(parsed.values));
  std::vector<std::string> warnings;
  Graph graph = Graph::build(Spec::draft(file, spec_options), operators, [&](const Graph& built, Faults& faults) {
    check_forms(built, faults);
    warnings = check_index_queries(built, operators, faults);
  });
  warnings.insert(warnings.begin(), graph.warnings.begin(), graph.warnings.end());
  std::set<std::string> told;
  for (const std::string& warning : warnings) {
    if (told.insert(warning).second) fmt::print(stderr, "warning: {}\n", warning);
  }

  if (parsed.values.contains("dot")) {
    OutputGuard files;
    files.reads(file, graph);
    files.writes("--dot", parsed.values["dot"].as<std::string>(), kPictureForm);
  }

  const std::size_t nodes = graph.nodes.size();
  const int threads = parsed.values["threads"].as<int>();
  const Plan plan = Plan::make(std::move(graph), threads > 0 ? threads : available_cpus());
  if (parsed.values.contains("dot")) {
    OutputFile picture(parsed.values["dot"].as<std::string>());
    picture.begin();
    picture.append(dot(plan));
    picture.finish();
    if (picture.name() == "-") return kAllGood;
  }
  if (parsed.values["explain"].as<bool>()) {
    fmt::print("{}", plan.explain());
  } else {
    fmt::print("{}: ok, {} node{}\n", file, nodes, nodes == 1 ? "" : "s");
  }
  return kAllGood;
}

}  // namespace pipit::cli
