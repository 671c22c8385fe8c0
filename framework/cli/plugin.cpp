// pipit plugin

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "module/operator_module.h"
#include "plugin_kit/child_process.h"
#include "plugin_kit/conformance.h"

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
    case Verdict::kUntried:
      return "untried";
  }
  return "";
}

const char* outcome_text(const ConformanceReport& report) {
  if (report.count(Verdict::kFailed) > 0) return "failed";
  return report.passed() ? "passed" : "incomplete";
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
                   {"outcome", outcome_text(report)},
                   {"checks", checks}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_text(const std::string& file, const ConformanceReport& report) {
  std::string text =
      fmt::format("{}{}\n", file, report.name.empty() ? "" : fmt::format(": {} {}", report.name, report.version));
  for (const Finding& f : report.findings) {
    const std::string verdict = f.verdict == Verdict::kFailed ? "FAILED" : verdict_text(f.verdict);
    text += fmt::format("  {:<8} {:<16} {}\n", verdict, f.check, f.message);
  }
  text += outcome_text(report);
  if (const std::size_t failed = report.count(Verdict::kFailed); failed > 0) {
    text += fmt::format(": {} of {} checks", failed, report.findings.size());
  } else if (const std::size_t untried = report.count(Verdict::kUntried); untried > 0) {
    text += fmt::format(": {} of {} checks had no row that the operator takes", untried, report.findings.size());
  }
  return text + "\n";
}

int test(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("file", po::value<std::string>()->required()->value_name("FILE.so"), "the module");
  options.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("ARG=VALUE"),
                        "an argument of the operator; may be repeated");
  options.add_options()("rows", po::value<std::string>()->default_value("")->value_name("FILE.jsonl"),
                        "rows to try it with, an object with a value for each input a line; default: made from the "
                        "ports' types");
  options.add_options()("timeout",
                        po::value<double>()->default_value(ConformanceOptions().limit_s)->value_name("SECONDS"),
                        "for each group of checks");
  options.add_options()("json", po::bool_switch(), "print JSON");
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed =
      parse(arguments, "plugin test FILE.so [--set ARG=VALUE]… [--rows FILE.jsonl] [--timeout SECONDS] [--json]",
            options, positional);
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

/// In a child, so that a module that exits or crashes while it is loaded is told, and not taken for an empty signature.
std::string signature_of(const std::string& file) {
  check_module_file(file);
  constexpr double kLimitS = 300;
  const ChildOutcome outcome = in_child(kLimitS, [&](const Tell& tell) {
    try {
      tell(Json{{"signature", OperatorModule::load(file).signature.to_json()}}.dump());
    } catch (const Error& e) {
      tell(Json{{"code", e.code()}, {"error", e.what()}}.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  });
  if (!outcome.ended.empty() || outcome.told.empty()) {
    throw Error("invalid_module", fmt::format("{}: the process {} when it was loaded", file, outcome.ended));
  }
  const Json told = Json::parse(outcome.told.front());
  if (told.contains("error")) throw Error(told["code"], told["error"]);
  return told["signature"].get<std::string>();
}

int signature(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("file", po::value<std::string>()->required()->value_name("FILE.so"), "the module");
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed = parse(arguments, "plugin signature FILE.so", options, positional);
  if (parsed.done) return kAllGood;
  fmt::print("{}", signature_of(parsed.values["file"].as<std::string>()));
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
