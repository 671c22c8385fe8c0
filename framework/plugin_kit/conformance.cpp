#include "plugin_kit/conformance.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/near.h"
#include "graph/arguments.h"
#include "module/operator_path.h"
#include "plugin_kit/child_process.h"
#include "plugin_kit/operator_probe.h"
#include "plugin_kit/probe_values.h"
#include "spec/yaml.h"
#include "value/json_text.h"
#include "value/object.h"

// Of a build with the address sanitizer; otherwise not there.
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();  // NOLINT

namespace pipit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kTolerance = 1e-4;  // of numbers that may be added up in another order
constexpr int kThreads = 4;

/// What a child tells: findings, and what it is about to do, so that a crash has a name.
class Teller {
 public:
  explicit Teller(const Tell& tell) : tell_(tell) {}

  void doing(const std::string& what) const { tell_(Json{{"doing", what}}.dump()); }
  void passed(const char* check, const std::string& message) const { told(check, "passed", message); }
  void failed(const char* check, const std::string& message) const { told(check, "failed", message); }
  /// Nothing was tried.
  void wrong_request(const Error& e) const {
    tell_(Json{{"code", e.code()}, {"message", e.what()}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  void untried(const char* check, const std::string& message) const { told(check, "untried", message); }

 private:
  void told(const char* check, const char* verdict, const std::string& message) const {
    tell_(Json{{"check", check}, {"verdict", verdict}, {"message", message}}.dump(-1, ' ', false,
                                                                                  Json::error_handler_t::replace));
  }
  const Tell& tell_;
};

std::string text_of(const Error& e) {
  return fmt::format("{}: {}", e.code(), e.what());
}

// The codes of pipit/error.h that say what is wrong with arguments, rows, files or the machine. Of the others there,
// `operator_failed`, `out_of_memory` and `internal` stand for what nobody meant to refuse.
constexpr std::string_view kRefusals[] = {"invalid_argument",   "invalid_input",  "not_found",      "invalid_media",
                                          "invalid_checkpoint", "item_too_large", "limit_exceeded", "unavailable"};
constexpr std::string_view kAccidents[] = {"operator_failed", "out_of_memory", "internal"};

/// What is wrong with an error that should be a refusal; empty when it is one.
std::string not_a_refusal(const OperatorSignature& signature, const Error& e) {
  if (e.code().empty() || e.what()[0] == '\0') return "failed without a code or a message";
  if (std::ranges::find(kRefusals, e.code()) != std::end(kRefusals)) return {};
  if (std::ranges::find(kAccidents, e.code()) != std::end(kAccidents)) {
    return fmt::format(
        "failed with {}, which is not a refusal; throw pipit::Error(\"invalid_input\", …) or another code that says "
        "what is wrong",
        text_of(e));
  }
  if (std::ranges::find(signature.refusals, e.code(), &Refusal::code) != signature.refusals.end()) return {};
  return fmt::format("refused with {}; the signature does not document '{}': .refuses(\"{}\", \"when …\")", text_of(e),
                     e.code(), e.code());
}

NodeSpec node_with(const std::string& op, const std::vector<std::pair<std::string, std::string>>& arguments) {
  NodeSpec node;
  node.name = "probe";
  node.op = op;
  for (const auto& [name, text] : arguments) {
    node.args.push_back({name, parse_yaml(text, "--set " + name), true, false});
  }
  return node;
}

/// The arguments as a map; what is wrong with them goes to `faults`.
Value bound(const OperatorSignature& signature, const NodeSpec& node, std::vector<std::string>& faults) {
  return bind_arguments(signature, node, ".",
                        {[&](SourcePlace, const std::string& message) { faults.push_back(message); }});
}

/// A map with another value for one key.
Value with(const Value& map, std::string_view key, const Value& value) {
  std::vector<std::pair<std::string, Value>> entries;
  for (std::size_t i = 0; i < map.map_size(); ++i) {
    const auto [name, entry] = map.map_at(i);
    entries.emplace_back(name, name == key ? value : entry);
  }
  return Value::map(std::move(entries));
}

/// The module as every group of checks needs it.
struct Subject {
  const OperatorModule& module;
  const Variant& ports;
  Value arguments;
  Rows rows;

  std::unique_ptr<OperatorProbe> probe() const { return std::make_unique<OperatorProbe>(module, ports, arguments); }
  ProbeOutcome item(const Rows& given) const { return probe()->item(given); }
};

Rows made_rows(const Variant& ports) {
  Rows rows(3);
  for (const Port& port : ports.inputs) {
    const std::vector<Value> values = ordinary_values(row_type(port));
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row].push_back(values[row]);
  }
  return rows;
}

/// What the module is to be tried with is wrong, and not the module.
class WrongRequest : public Error {
 public:
  using Error::Error;
};

Rows read_rows(const std::string& file, const Variant& ports) {
  Rows rows;
  std::ifstream stream(file);
  if (!stream) throw WrongRequest("not_found", fmt::format("--rows: there is no file '{}'", file));
  for (std::string line; std::getline(stream, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    auto& row = rows.emplace_back();
    for (const Port& port : ports.inputs) {
      if (!json.is_object() || !json.contains(port.name)) {
        throw WrongRequest("invalid_argument", fmt::format("--rows: {}:{}: expected an object with '{}', on one line",
                                                           file, rows.size(), port.name));
      }
      row.push_back(from_json(json[port.name], row_type(port)));
      if (!row_type(port).holds(row.back())) {
        throw WrongRequest("invalid_argument",
                           fmt::format("--rows: {}:{}: input '{}' takes {}, found {}", file, rows.size(), port.name,
                                       row_type(port).text(), type_of(row.back())));
      }
    }
  }
  if (rows.empty()) throw WrongRequest("invalid_argument", fmt::format("--rows: '{}' has no rows", file));
  return rows;
}

Subject subject_of(const ConformanceOptions& options) {
  const OperatorModule& module = OperatorModule::load(options.file);
  std::vector<std::string> faults;
  Value arguments = bound(module.signature, node_with(module.note.name, options.arguments), faults);
  if (!faults.empty()) {
    throw WrongRequest("invalid_argument", fmt::format("--set: {}", faults.front()));
  }
  const Variant& ports = module.signature.variants[choose_variant(module.signature, arguments).value_or(0)];
  return {module, ports, std::move(arguments),
          options.rows.empty() ? made_rows(ports) : read_rows(options.rows, ports)};
}

void check_table(const Subject& subject, const Teller& tell) {
  const pipit_operator& table = *subject.module.table;
  const auto require = [&](bool there, const char* function) {
    if (!there) tell.failed("table", fmt::format("has no '{}'", function));
    return there;
  };
  const bool whole = require(table.create != nullptr, "create") & require(table.destroy != nullptr, "destroy") &
                     require(table.process != nullptr, "process");
  if (whole) tell.passed("table", fmt::format("{} bytes, every function that must be there", table.struct_size));
}

void check_docs(const Subject& subject, const Teller& tell) {
  const OperatorSignature& signature = subject.module.signature;
  std::vector<std::string> undocumented;
  if (signature.doc.empty()) undocumented.emplace_back("the operator");
  for (const Argument& argument : signature.arguments) {
    if (argument.doc.empty()) undocumented.push_back("argument " + argument.name);
  }
  if (undocumented.empty()) return tell.passed("signature", "documented, and the one stored in the file");
  tell.failed("signature", fmt::format("a user of 'pipit inspect' is told nothing of {}", quoted_list(undocumented)));
}

/// What the signature says of arguments is enforced before the constructor sees them.
void check_binding(const Subject& subject, const ConformanceOptions& options, const Teller& tell) {
  const OperatorSignature& signature = subject.module.signature;
  int tried = 0;
  const auto must_refuse = [&](const NodeSpec& node, const std::string& what) {
    std::vector<std::string> faults;
    bound(signature, node, faults);
    ++tried;
    if (faults.empty()) tell.failed("arguments", fmt::format("{} is not refused", what));
    return !faults.empty();
  };
  NodeSpec unknown = node_with(subject.module.note.name, options.arguments);
  unknown.args.push_back({"no_such_argument", parse_yaml("1", ""), true, false});
  bool good = must_refuse(unknown, "an unknown argument");
  for (const Argument& argument : signature.arguments) {
    NodeSpec without = node_with(subject.module.note.name, options.arguments);
    std::erase_if(without.args, [&](const ArgumentSpec& given) { return given.name == argument.name; });
    if (!argument.default_text) good &= must_refuse(without, fmt::format("'{}' that is missing", argument.name));
    for (const YamlNode& value : outside_values(argument)) {
      NodeSpec outside = without;
      outside.args.push_back({argument.name, value, true, false});
      good &= must_refuse(outside, fmt::format("'{}' that is not {}", argument.name, argument.expectation()));
    }
    if (argument.type.base == ArgumentType::Base::kAny) continue;
    const bool is_map = argument.type.base == ArgumentType::Base::kMap;
    without.args.push_back({argument.name, parse_yaml(is_map ? "[1]" : "{a: 1}", ""), true, false});
    good &= must_refuse(without, fmt::format("'{}' of another type", argument.name));
  }
  if (good) tell.passed("arguments", fmt::format("{} wrong ones refused by the signature", tried));
}

/// The constructor takes, or refuses with an error, every value that the signature allows.
void check_constructor(const Subject& subject, const Teller& tell) {
  int taken = 0;
  int refused = 0;
  bool good = true;
  for (const Argument& argument : subject.module.signature.arguments) {
    for (const auto& [what, value] : edge_values(argument)) {
      tell.doing(fmt::format("its constructor had {} for '{}'", what, argument.name));
      try {
        const OperatorProbe probe(subject.module, subject.ports, with(subject.arguments, argument.name, value));
        ++taken;
      } catch (const Error& e) {
        ++refused;
        const std::string fault = not_a_refusal(subject.module.signature, e);
        if (fault.empty()) continue;
        tell.failed("constructor", fmt::format("it had {} for '{}': {}", what, argument.name, fault));
        good = false;
      }
    }
  }
  if (good) tell.passed("constructor", fmt::format("{} edge values taken, {} refused with an error", taken, refused));
}

/// What must hold of every outcome.
bool keeps_rules(const Subject& subject, const ProbeOutcome& outcome, const char* check, const std::string& when,
                 const Teller& tell) {
  std::string fault = outcome.fault();
  for (const auto& error : outcome.failed) {
    if (fault.empty() && error) fault = not_a_refusal(subject.module.signature, *error);
  }
  if (fault.empty()) return true;
  tell.failed(check, when + fault);
  return false;
}

constexpr const char* kAllRefused = "every row was refused";

void check_rows(const Subject& subject, const Teller& tell) {
  tell.doing("it had ordinary rows");
  const ProbeOutcome first = subject.item(subject.rows);
  if (!keeps_rules(subject, first, "rows", "", tell)) return;
  if (first.all_failed()) {
    tell.untried("rows", fmt::format("{} ({}); give rows of your own with --rows FILE.jsonl", kAllRefused,
                                     text_of(*first.error())));
    return tell.untried("repeatability", kAllRefused);
  }
  const std::string refused =
      first.error() == nullptr ? "" : fmt::format("; {} refused ({})", first.count_failed(), text_of(*first.error()));
  tell.passed("rows", fmt::format("{} rows, types and counts as the signature says{}", subject.rows.size(), refused));

  tell.doing("it had the same rows again");
  if (difference(subject.item(subject.rows), first) == 0) {
    tell.passed("repeatability", "the same rows gave the same results");
  } else {
    tell.failed("repeatability", "the same rows gave other results the second time");
  }
}

/// Vectors are compared where the names of their spaces are equal: the same arguments must give the same name.
void check_space(const Subject& subject, const Teller& tell) {
  const auto same = [&](const char* whose, const std::string& name, const std::string& again) {
    if (name == again) return true;
    tell.failed("space",
                fmt::format("two instances with the same arguments name two spaces for {}, '{}' and '{}'; what the "
                            "name tells must follow from the arguments and the files that they name",
                            whose, name, again));
    return false;
  };
  tell.doing("it was asked for the space of its vectors");
  try {
    const auto one = subject.probe();
    const auto other = subject.probe();
    const std::string given = one->space();
    const std::string taken = one->takes_space();
    if (!same("the vectors that it gives", given, other->space())) return;
    if (!same("the vectors that it takes", taken, other->takes_space())) return;
    std::string told = given.empty() ? "names none" : fmt::format("gives vectors of '{}'", given);
    if (!taken.empty()) told += fmt::format(", takes those of '{}'", taken);
    tell.passed("space", told);
  } catch (const Error& e) {
    const std::string fault = not_a_refusal(subject.module.signature, e);
    if (!fault.empty()) return tell.failed("space", fault);
    tell.passed("space", fmt::format("refused with an error ({})", text_of(e)));
  }
}

/// An operator without state must not tell which rows came together; one with state must have it in the instance.
void check_state(const Subject& subject, const Teller& tell) {
  tell.doing("it had rows of two items by turns");
  const ProbeOutcome whole = subject.item(subject.rows);
  if (whole.all_failed()) return tell.untried("state", kAllRefused);
  if (subject.module.signature.per_item) {
    const auto one = subject.probe();
    const auto other = subject.probe();
    Rows backwards = subject.rows;
    std::ranges::reverse(backwards);
    other->item(backwards);
    if (difference(one->item(subject.rows), whole) <= kTolerance) {
      return tell.passed("state", "one item's rows did not change another's results");
    }
    return tell.failed("state", "one item's rows changed another's results; state belongs in the instance");
  }
  const auto probe = subject.probe();
  const bool forgets = difference(probe->item(subject.rows), probe->item(subject.rows)) <= kTolerance;
  ProbeOutcome apart;
  for (const auto& row : subject.rows) {
    ProbeOutcome one = subject.item({row});
    std::ranges::move(one.emitted, std::back_inserter(apart.emitted));
    std::ranges::move(one.failed, std::back_inserter(apart.failed));
  }
  if (forgets && difference(apart, whole) <= kTolerance) {
    return tell.passed("state", "rows gave the same alone and together");
  }
  tell.failed("state", "rows gave other results alone than together; an operator that remembers must say per_item()");
}

void check_threads(const Subject& subject, const Teller& tell) {
  tell.doing(fmt::format("{} instances worked at the same time", kThreads));
  const ProbeOutcome alone = subject.item(subject.rows);
  if (alone.all_failed()) return tell.untried("threads", kAllRefused);
  std::vector<double> differences(kThreads);
  std::vector<std::thread> threads;
  for (double& most : differences) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) most = std::max(most, difference(subject.item(subject.rows), alone));
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (std::ranges::max(differences) <= kTolerance) {
    return tell.passed("threads", fmt::format("{} instances at the same time gave what one gives", kThreads));
  }
  tell.failed("threads", "instances at the same time gave other results than one alone; they share something");
}

void check_edge_rows(const Subject& subject, const Teller& tell) {
  int taken = 0;
  int refused = 0;
  bool good = true;
  const auto is_window = [&](std::size_t port) { return subject.ports.inputs[port].count == PortCount::kMany; };
  for (std::size_t port = 0; port < subject.ports.inputs.size(); ++port) {
    for (const auto& [what, value] : edge_values(row_type(subject.ports.inputs[port]))) {
      const std::string when = fmt::format("it had {} for '{}'", what, subject.ports.inputs[port].name);
      tell.doing(when);
      Rows rows{subject.rows.front()};
      rows[0][port] = value;
      // Windows over the same rows are of one size.
      for (std::size_t other = 0; other < rows[0].size(); ++other) {
        if (is_window(port) && is_window(other)) rows[0][other] = value;
      }
      const ProbeOutcome outcome = subject.item(rows);
      good &= keeps_rules(subject, outcome, "edge rows", when + ": ", tell);
      (outcome.error() != nullptr ? refused : taken) += 1;
    }
  }
  if (good) tell.passed("edge rows", fmt::format("{} taken, {} refused with an error", taken, refused));
}

void check_stop(const Subject& subject, const Teller& tell) {
  tell.doing("nobody wanted its results any more");
  const auto probe = subject.probe();
  probe->stop();
  probe->item(subject.rows);
  tell.passed("stop", "returns when nobody wants its results any more");
}

/// References that an instance keeps, and memory that grows with instances.
void check_memory(const Subject& subject, const Teller& tell) {
  tell.doing("it was created and destroyed again and again");
  const auto start = std::chrono::steady_clock::now();
  subject.item(subject.rows);
  const double round_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const int rounds = std::clamp(static_cast<int>(1 / std::max(round_s, 1e-6)), 8, 200);
  const auto growth = [&] {
    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < rounds; ++i) subject.item(subject.rows);
    const auto after = mallinfo2().uordblks;
    return after > before ? after - before : 0;
  };
  // Caches grow for a while, and what another thread has freed counts as used; a leak grows every time.
  constexpr int kTimes = 5;
  growth();
  std::size_t grown = growth();
  for (int i = 1; i < kTimes; ++i) grown = std::min<std::size_t>(grown, growth());
  for (const auto& row : subject.rows) {
    for (const Value& value : row) {
      if (static_cast<std::uint32_t>(value.kind()) < PIPIT_STRING) continue;
      if (static_cast<const Object*>(value.raw().as.object)->references == 1) continue;
      return tell.failed("memory", "keeps references to values that it was lent, after it was destroyed");
    }
  }
  if (grown >= static_cast<std::size_t>(rounds) * 8) {
    return tell.failed("memory", fmt::format("{} bytes more with each instance that was created and destroyed",
                                             grown / static_cast<std::size_t>(rounds)));
  }
  if (__lsan_do_recoverable_leak_check != nullptr && __lsan_do_recoverable_leak_check() != 0) {
    return tell.failed("memory", "the leak sanitizer found leaks; they are listed below");
  }
  tell.passed("memory", fmt::format("nothing left after {} instances", (kTimes + 1) * rounds + 1));
}

using Group = std::function<void(const Subject&, const Teller&)>;

/// The last lines of what a child printed.
std::string tail(const std::string& printed) {
  constexpr std::size_t kBytes = 600;
  std::string text = printed.size() > kBytes ? "…" + printed.substr(printed.size() - kBytes) : printed;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// Runs a group of checks in a child. `name` is what a crash is called by; the file is being loaded until `checks`.
bool run_group(const ConformanceOptions& options, const std::string& name, const Group& checks,
               std::vector<Finding>& findings) {
  const ChildOutcome outcome = in_child(options.limit_s, [&](const Tell& line) {
    const Teller tell(line);
    tell.doing("it was loaded: one of its static constructors, or its entry");
    try {
      const Subject subject = subject_of(options);
      if (name == "load") tell.passed("load", "loaded, its entry gave a table");
      tell.doing("it was created");
      checks(subject, tell);
    } catch (const WrongRequest& e) {
      tell.wrong_request(e);
    } catch (const Error& e) {
      tell.failed(name.c_str(), text_of(e));
    }
  });
  std::string doing;
  bool good = outcome.ended.empty();
  for (const std::string& line : outcome.told) {
    const Json told = Json::parse(line);
    if (told.contains("doing")) {
      doing = told["doing"];
      continue;
    }
    if (told.contains("code")) throw Error(told["code"], told["message"]);
    const std::string verdict = told["verdict"];
    findings.push_back({told["check"],
                        verdict == "passed"   ? Verdict::kPassed
                        : verdict == "failed" ? Verdict::kFailed
                                              : Verdict::kUntried,
                        told["message"]});
    good &= verdict != "failed";
  }
  if (!outcome.ended.empty()) {
    const std::string printed = tail(outcome.err);
    findings.push_back(
        {name, Verdict::kFailed,
         fmt::format("the process {} when {}{}{}", outcome.ended, doing, printed.empty() ? "" : ": " + printed,
                     outcome.out_of_time ? "; if it is only slow, give it longer with --timeout SECONDS" : "")});
  }
  if (!outcome.out.empty()) {
    findings.push_back(
        {name, Verdict::kFailed, fmt::format("printed on standard output, where results go: {}", tail(outcome.out))});
  }
  return good;
}

/// What can be known without running any of its code.
void check_note(const ConformanceOptions& options, ConformanceReport& report) {
  const std::filesystem::path& file = options.file;
  ElfFile elf(file);
  const ModuleNote note = ModuleNote::read(elf);
  report.name = note.name;
  report.version = note.version;
  read_note(elf, note.name);
  report.findings.push_back(
      {"note", Verdict::kPassed, fmt::format("ABI {}.{}, LibTorch {}", note.abi_major, note.abi_minor, note.libtorch)});

  std::string path = note.name;
  std::ranges::replace(path, '.', '/');
  const std::string absolute = std::filesystem::absolute(file).lexically_normal().string();
  if (absolute.ends_with("/" + path + ".so")) {
    report.findings.push_back({"path", Verdict::kPassed, fmt::format("found as '{}'", note.name)});
  } else {
    report.findings.push_back({"path", Verdict::kFailed,
                               fmt::format("is operator '{}', which is looked for in a file {}.so", note.name, path)});
  }
  if (elf.section(kSignatureSection)) return;
  report.findings.push_back({"stored signature", Verdict::kSkipped,
                             "the file does not store its signature, so 'pipit check' must run its code; "
                             "pipit_add_operator() stores it"});
}

}  // namespace

std::size_t ConformanceReport::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

void check_module_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw Error("not_found", fmt::format("no module '{}'", file.string()));
}

ConformanceReport test_module(const ConformanceOptions& options) {
  check_module_file(options.file);
  ConformanceReport report;
  try {
    check_note(options, report);
  } catch (const Error& e) {
    report.findings.push_back({"note", Verdict::kFailed, e.what()});
    return report;
  }
  const Group load = [](const Subject& subject, const Teller& tell) {
    check_table(subject, tell);
    check_docs(subject, tell);
  };
  if (!run_group(options, "load", load, report.findings)) return report;
  const Group binding = [&](const Subject& subject, const Teller& tell) {
    check_binding(subject, options, tell);
    auto probe = subject.probe();
    tell.doing("it was destroyed");
    probe.reset();
  };
  if (!run_group(options, "arguments", binding, report.findings)) return report;
  if (!run_group(options, "rows", check_rows, report.findings)) return report;
  const std::pair<const char*, Group> groups[] = {{"space", check_space},         {"constructor", check_constructor},
                                                  {"state", check_state},         {"threads", check_threads},
                                                  {"edge rows", check_edge_rows}, {"stop", check_stop},
                                                  {"memory", check_memory}};
  for (const auto& [name, group] : groups) run_group(options, name, group, report.findings);
  return report;
}

}  // namespace pipit::cli
