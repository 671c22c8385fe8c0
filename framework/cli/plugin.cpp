// pipit plugin

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "conformance.h"
#include "operator_module.h"
#include "output_file.h"
#include "standard_output.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "";
}

std::string report_json(const std::string& file, const ConformanceReport& report) {
  Json checks = Json::array();
  for (const Finding& f : report.findings) {
    checks.push_back({{"check", f.check}, {"verdict", verdict_text(f.verdict)}, {"message", f.message}});
  }
  const Json whole{{"file", file},
                   {"name", report.name},
                   {"version", report.version},
                   {"passed", report.passed()},
                   {"checks", checks}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_text(const std::string& file, const ConformanceReport& report) {
  std::string text =
      fmt::format("{}{}\n", file, report.name.empty() ? "" : fmt::format(": {} {}", report.name, report.version));
  int failed = 0;
  for (const Finding& f : report.findings) {
    failed += f.verdict == Verdict::kFailed ? 1 : 0;
    const std::string verdict = f.verdict == Verdict::kFailed ? "FAILED" : verdict_text(f.verdict);
    text += fmt::format("  {:<8} {:<16} {}\n", verdict, f.check, f.message);
  }
  return text + (failed == 0 ? "passed\n" : fmt::format("failed: {} of {} checks\n", failed, report.findings.size()));
}

int test(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("file", po::value<std::string>()->required()->value_name("FILE.so"), "the module");
  options.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("ARG=VALUE"),
                        "an argument of the operator; may be repeated");
  options.add_options()("rows", po::value<std::string>()->default_value("")->value_name("FILE.jsonl"),
                        "rows to try it with, an object with a value for each input a line; default: made from the "
                        "ports' types");
  options.add_options()("timeout", po::value<double>()->default_value(20)->value_name("SECONDS"),
                        "for each group of checks");
  options.add_options()("json", po::bool_switch(), "print JSON");
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed =
      parse(arguments, "plugin test FILE.so [--set ARG=VALUE]… [--rows FILE.jsonl] [--json]", options, positional);
  if (parsed.done) return kAllGood;
  ConformanceOptions conformance;
  const std::string file = parsed.values["file"].as<std::string>();
  conformance.file = file;
  conformance.arguments = assignments(parsed.values, "set");
  conformance.rows = parsed.values["rows"].as<std::string>();
  conformance.limit_s = parsed.values["timeout"].as<double>();
  const ConformanceReport report = test_module(conformance);
  fmt::print("{}", parsed.values["json"].as<bool>() ? report_json(file, report) : report_text(file, report));
  return report.passed() ? kAllGood : kSomeFailed;
}

int signature(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("file", po::value<std::string>()->required()->value_name("FILE.so"), "the module");
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed = parse(arguments, "plugin signature FILE.so", options, positional);
  if (parsed.done) return kAllGood;
  keep_standard_output();
  OutputFile("-").append(OperatorModule::load(parsed.values["file"].as<std::string>()).signature.to_json());
  return kAllGood;
}

constexpr const char* kUsage =
    R"(usage: pipit plugin COMMAND …

  test FILE.so        what an operator module must do right, tried one by one
  signature FILE.so   its ports and arguments as JSON, as the build stores them

pipit plugin COMMAND --help tells a command's options.
)";

}  // namespace

int plugin(const Arguments& arguments) {
  constexpr Command kCommands[] = {{"test", test}, {"signature", signature}};
  return dispatch("pipit plugin", kUsage, kCommands, arguments);
}

}  // namespace pipit::cli
