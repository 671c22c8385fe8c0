// pipit plugin test: each fault of an operator is found and named.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;
using test::Words;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

const std::string kOperators = PIPIT_TEST_OPERATORS;
const std::string kFaulty = kOperators + "/test/faulty/worker.so";

Outcome test_module(const std::string& file, const Words& more = {}) {
  Words words{"plugin", "test", file};
  words.insert(words.end(), more.begin(), more.end());
  return Scene().run(words);
}

/// The findings that are failures: "check: message" a line.
std::string failures(const std::string& file, const Words& more = {}) {
  Words words{"--json", "--timeout", "3"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = test_module(file, words);
  const json report = json::parse(outcome.out);
  CHECK(report["passed"] == (outcome.status == 0));
  CHECK(outcome.err == "");
  std::string text;
  for (const json& finding : report["checks"]) {
    if (finding["verdict"] != "failed") continue;
    text += std::string(finding["check"]) + ": " + std::string(finding["message"]) + "\n";
  }
  return text;
}

std::string fault(const std::string& fault) {
  return failures(kFaulty, {"--set", "fault=" + fault});
}

std::string broken(const std::string& name) {
  return failures(std::string(PIPIT_BROKEN_MODULES) + "/" + name + ".so");
}

}  // namespace

TEST_CASE("plugin test: a good module passes") {
  const Outcome outcome = test_module(kOperators + "/test/text/longer.so");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == kOperators + R"(/test/text/longer.so: test/text.longer 1.0.0
  passed   note             ABI 1.2, LibTorch none
  passed   path             found as 'test/text.longer'
  passed   load             loaded, its entry gave a table
  passed   table            80 bytes, every function that must be there
  passed   signature        documented, and the one stored in the file
  passed   arguments        2 wrong ones refused by the signature
  passed   rows             3 rows, types and counts as the signature says
  passed   repeatability    the same rows gave the same results
  passed   space            names none
  passed   constructor      4 edge values taken, 0 refused with an error
  passed   state            rows gave the same alone and together
  passed   threads          4 instances at the same time gave what one gives
  passed   edge rows        4 taken, 0 refused with an error
  passed   stop             returns when nobody wants its results any more
  passed   memory           nothing left after 1201 instances
passed
)");
}

TEST_CASE("plugin test: many rows out must come in the order of the rows in") {
  const std::string found = failures(kOperators + "/test/text/backwards.so");
  CHECK(found == "rows: gave rows out of order\n");
}

TEST_CASE("plugin test: operators of every mode and state pass") {
  const std::vector<std::string> names = {"words", "join", "length", "every_second", "half", "zip", "picture", "codes"};
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(failures(kOperators + "/test/text/" + name + ".so") == "");
  }
}

TEST_CASE("plugin test: a crash is named by what the operator had") {
  CHECK(fault("crash_on_empty") ==
        "edge rows: the process was ended by signal 6 (Aborted) when it had an empty text for 'text'\n");
  CHECK(fault("exit") == "rows: the process exited with status 3 when it had ordinary rows\n");
  CHECK(fault("size") ==
        "constructor: the process was ended by signal 6 (Aborted) when its constructor had -1 for 'size'\n");
  CHECK(fault("none") == "");
}

TEST_CASE("plugin test: whatever ends the process is named even with status 0") {
  const auto ends = [](const std::string& how) {
    return failures(kFaulty, {"--set", "fault=ends", "--set", "how=" + how});
  };
  for (const char* how : {"exit", "_exit", "quick_exit", "exit in a thread", "exec"}) {
    CAPTURE(how);
    CHECK(ends(how) == "rows: the process exited with status 0 when it had ordinary rows\n");
  }
  CHECK(ends("exit in the constructor") == "arguments: the process exited with status 0 when it was created\n");
  CHECK(ends("exit in the destructor") == "arguments: the process exited with status 0 when it was destroyed\n");
  // A sanitizer catches the signal and exits.
  CHECK(ends("segfault")
            .starts_with(
                kSanitized
                    ? "rows: the process exited with status "
                    : "rows: the process was ended by signal 11 (Segmentation fault) when it had ordinary rows\n"));
  CHECK(ends("terminate").starts_with("rows: the process was ended by signal 6 (Aborted) when it had ordinary rows"));
  CHECK(ends("kill") == "rows: the process was ended by signal 9 (Killed) when it had ordinary rows\n");
}

TEST_CASE("plugin test: an exception that is not a refusal is a fault") {
  const std::string remedy =
      ", which is not a refusal; throw pipit::Error(\"invalid_input\", …) or another code that says what is wrong\n";
  CHECK(fault("throws").starts_with("rows: failed with operator_failed: no such luck" + remedy));
  const auto refuses = [](const std::string& code) {
    return failures(kFaulty, {"--set", "fault=refuses", "--set", "how=" + code});
  };
  CHECK(refuses("internal").starts_with("rows: failed with internal: not today" + remedy));
  CHECK(refuses("out_of_memory").starts_with("rows: failed with out_of_memory: not today" + remedy));
  CHECK(
      refuses("full").starts_with("rows: refused with full: not today; the signature does not document 'full': "
                                  ".refuses(\"full\", \"when …\")\n"));
  CHECK(failures(kFaulty, {"--set", "fault=size", "--set", "how=throws"})
            .starts_with("constructor: it had -1 for 'size': failed with operator_failed: too long" + remedy));
}

TEST_CASE("plugin test: a module that refuses every row is not passed") {
  for (const char* code : {"invalid_input", "shelf_full"}) {
    const Outcome outcome = test_module(kFaulty, {"--set", "fault=refuses", "--set", std::string("how=") + code});
    CHECK(outcome.status == 1);
    CHECK(outcome.out.find(std::string("  untried  rows             every row was refused (") + code +
                           ": not today); give rows of your own with --rows FILE.jsonl\n"
                           "  untried  repeatability    every row was refused\n") != std::string::npos);
    CHECK(outcome.out.ends_with("incomplete: 4 of 15 checks had no row that the operator takes\n"));
  }
  const json report =
      json::parse(test_module(kFaulty, {"--set", "fault=refuses", "--set", "how=shelf_full", "--json"}).out);
  CHECK(report["passed"] == false);
  CHECK(report["outcome"] == "incomplete");
}

TEST_CASE("plugin signature: a module that ends the process is an error") {
  const std::string file = std::string(PIPIT_BROKEN_MODULES) + "/exits.so";
  const Outcome outcome = Scene().run({"plugin", "signature", file});
  CHECK(outcome.out == "");
  CHECK(outcome.err == file + ": the process exited with status 0 when it was loaded\n");
  CHECK(outcome.status == 2);
  const Outcome none = Scene().run({"plugin", "signature", "none.so"});
  CHECK(none.err == "no module 'none.so'\n");
  CHECK(none.status == 2);
}

TEST_CASE("inspect: the codes of an operator's own are told") {
  const Outcome outcome = Scene().run({"inspect", "test/faulty.worker", "--operator-path", kOperators});
  CHECK(outcome.out.find("\nrefuses, besides pipit's own codes\n  shelf_full: when there is no room\n") !=
        std::string::npos);
}

TEST_CASE("plugin test: a call that never returns is ended") {
  CHECK(fault("loops").find("edge rows: the process did not return within 3 s when it had an empty text for 'text'; if "
                            "it is only slow, give it "
                            "longer with --timeout SECONDS\n") != std::string::npos);
}

TEST_CASE("plugin test: what goes to standard output is told") {
  CHECK(fault("prints").starts_with("rows: printed on standard output, where results go: debug: a text\n"));
}

TEST_CASE("plugin test: a space's name follows from the arguments") {
  CHECK(fault("space") ==
        "space: two instances with the same arguments name two spaces for the vectors that it gives, 'space 0' and "
        "'space 1'; what the name tells must follow from the arguments and the files that they name\n");
  CHECK(failures(kFaulty, {"--set", "fault=space", "--set", "how=throws"}) ==
        "space: failed with operator_failed: no idea, which is not a refusal; throw pipit::Error(\"invalid_input\", …) "
        "or another code that says what is wrong\n");
}

TEST_CASE("plugin test: memory between rows and items and threads is found") {
  CHECK(fault("remembers")
            .find("rows gave other results alone than together; an operator that remembers must say "
                  "per_item()") != std::string::npos);
  CHECK(fault("shares").find("threads: instances at the same time gave other results than one alone; they share "
                             "something") != std::string::npos);
  CHECK(fault("random").starts_with("repeatability: the same rows gave other results the second time\n"));
}

TEST_CASE("plugin test: leaks are found") {
  // The sanitizers' allocators do not count for mallinfo; the address sanitizer finds leaks itself.
#ifndef __SANITIZE_THREAD__
  CHECK(fault("leaks").find(kSanitized
                                ? "memory: the leak sanitizer found leaks"
                                : "bytes more with each instance that was created and destroyed") != std::string::npos);
#endif
  CHECK(fault("keeps").find("memory: keeps references to values that it was lent, after it was destroyed") !=
        std::string::npos);
}

TEST_CASE("plugin test: an error without a code or a message is a fault") {
  CHECK(fault("message").find("edge rows: it had an empty text for 'text': failed a row without a code or a message") !=
        std::string::npos);
}

TEST_CASE("plugin test: rows and types that break the signature are told") {
  const auto rogue = [](const std::string& how) {
    return failures(kOperators + "/test/text/rogue.so", {"--set", "how=" + how});
  };
  CHECK(rogue("none") == "rows: gave 0 rows for row 0, where it must give 1\n");
  CHECK(rogue("two") == "rows: gave 2 rows for row 0, where it must give 1\n");
  CHECK(rogue("type") == "rows: gave int for its output 'text', which is string\n");
  CHECK(rogue("constructor") == "arguments: not_found: weights 'w' do not exist\n");
}

TEST_CASE("plugin test: what happens at load is told") {
  const std::string loaded = "when it was loaded: one of its static constructors, or its entry";
  CHECK(broken("aborts") == "load: the process was ended by signal 6 (Aborted) " + loaded + "\n");
  CHECK(broken("exits") == "load: the process exited with status 0 " + loaded + "\n");
  CHECK(broken("loops") == "load: the process did not return within 3 s " + loaded +
                               "; if it is only slow, give it longer with --timeout SECONDS\n");
  CHECK(broken("throws").starts_with("load: the process was ended by signal 6 (Aborted) " + loaded +
                                     ": terminate called after throwing an instance of 'std::runtime_error'"));
  CHECK(broken("throws").find("from a static constructor") != std::string::npos);
}

TEST_CASE("plugin test: a module that cannot be loaded is told as pipit run tells it") {
  const std::string folder = PIPIT_BROKEN_MODULES;
  CHECK(broken("no_note") ==
        "note: " + folder +
            "/no_note.so: is not a pipit operator: it has no pipit note; PIPIT_OPERATOR(…) in its source writes one\n");
  CHECK(broken("missing_library") ==
        "load: invalid_module: " + folder +
            "/missing_library.so: cannot be loaded: libabsent.so: cannot open shared object file: No such file or "
            "directory\n");
  CHECK(broken("other_name")
            .starts_with(
                "path: is operator 'broken.its_own_name', which is looked for in a file broken/its_own_name.so\n"));
}

TEST_CASE("plugin test: rows of the author's own are used") {
  const Scene scene;
  scene.write("rows.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
  const std::string file = kOperators + "/test/text/upper.so";
  const Outcome outcome = scene.run({"plugin", "test", file, "--rows", "rows.jsonl"});
  CHECK(outcome.out.find("2 rows, types and counts as the signature says") != std::string::npos);
  scene.write("rows.jsonl", "{\"txt\":\"one\"}\n");
  const auto wrong = [&](const Words& more) {
    Words words{"plugin", "test", file};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome refused = scene.run(words);
    CHECK(refused.out == "");
    CHECK(refused.status == 2);
    return refused.err;
  };
  CHECK(wrong({"--rows", "rows.jsonl"}) == "--rows: rows.jsonl:1: expected an object with 'text', on one line\n");
  CHECK(wrong({"--rows", "none.jsonl"}) == "--rows: there is no file 'none.jsonl'\n");
  scene.write("rows.jsonl", "{\"text\":7}\n");
  CHECK(wrong({"--rows", "rows.jsonl"}) == "--rows: rows.jsonl:1: input 'text' takes string, found int\n");
  scene.write("rows.jsonl", "");
  CHECK(wrong({"--rows", "rows.jsonl"}) == "--rows: 'rows.jsonl' has no rows\n");
}

TEST_CASE("plugin test: arguments that are wrong are not the module's fault") {
  const auto wrong = [](const std::string& name, const Words& more) {
    const Outcome outcome = test_module(kOperators + "/test/text/" + name + ".so", more);
    CHECK(outcome.out == "");
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK(wrong("rogue", {}) ==
        "--set: operator 'test/text.rogue' needs argument 'how' (enum(none|two|type|complex|constructor|slow|good)): "
        "what "
        "to do wrong\n");
  CHECK(
      wrong("upper", {"--set", "tiems=3"}) ==
      "--set: operator 'test/text.upper' has no argument 'tiems' (it takes 'suffix', 'times', 'style' and 'file'); did "
      "you mean 'times'?\n");
  CHECK(wrong("upper", {"--set", "times=many"}) == "--set: argument 'times' takes an int, found 'many'\n");
}

TEST_CASE("plugin test: a file that is not there is exit status 2") {
  const Outcome outcome = test_module("none.so");
  CHECK(outcome.err == "no module 'none.so'\n");
  CHECK(outcome.status == 2);
}
