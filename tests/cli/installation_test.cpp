// The program finds its operators from where it lies, however it was started, and nothing below the working directory.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "program.h"

using test::Outcome;

namespace {

namespace fs = std::filesystem;

const char* const kPipeline =
    "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: up, op: test/text.upper, in: text, out: loud}\n"
    "outputs: [loud]\n";
const char* const kLoud = "{\"item\":0,\"loud\":\"A\"}\n";

/// A tree with the program and one operator in it, and a stranger's folder to stand in, with the same file names below
/// it.
class Tree {
 public:
  Tree() {
    fs::create_directories(root() + "/tree/bin");
    fs::create_directories(root() + "/tree/lib/pipit/operators/test/text");
    fs::copy_file(PIPIT_BUILD_DIR "/bin/pipit", root() + "/tree/bin/pipit");
    for (const auto& entry : fs::directory_iterator(PIPIT_BUILD_DIR "/lib")) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("libpipit_weights.so")) fs::copy(entry.path(), root() + "/tree/lib/" + name);
    }
    fs::copy_file(PIPIT_TEST_OPERATORS "/test/text/upper.so", root() + "/tree/lib/pipit/operators/test/text/upper.so");
    fs::create_directories(root() + "/stranger/lib/pipit/operators/test/text");
    fs::copy_file(PIPIT_TEST_OPERATORS "/test/text/words.so",
                  root() + "/stranger/lib/pipit/operators/test/text/words.so");
    fs::copy_file(PIPIT_TEST_OPERATORS "/test/text/words.so", root() + "/stranger/words.so");
    folder_.write("stranger/p.yaml", kPipeline);
  }

  const std::string& root() const { return folder_.path(); }
  std::string operators() const { return fs::canonical(root()).string() + "/tree/lib/pipit/operators"; }

  /// A shell's command in the stranger's folder.
  Outcome shell(const std::string& command, const std::string& operator_path = "") const {
    test::Call call;
    call.program = "/bin/bash";
    call.arguments = {"-c", command};
    call.folder = root() + "/stranger";
    call.environment = {"TREE=" + root() + "/tree", "PIPIT_OPERATOR_PATH=" + operator_path};
    call.limit_s = 60;
    return test::run(call);
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("installation: the program runs by its name from PATH and through links and under any name") {
  const Tree tree;
  for (const char* const command :
       {"export PATH=$TREE/bin:$PATH; pipit run p.yaml --input text=a",
        "export PATH=../tree/bin:$PATH; pipit run p.yaml --input text=a", "../tree/bin/pipit run p.yaml --input text=a",
        "ln -s $TREE/bin/pipit ./linked; ./linked run p.yaml --input text=a",
        "ln -s $TREE ./tree; tree/bin/pipit run p.yaml --input text=a",
        "exec -a pipit $TREE/bin/pipit run p.yaml --input text=a",
        "exec -a lib/pipit/nonsense $TREE/bin/pipit run p.yaml --input text=a",
        "exec -a '' $TREE/bin/pipit run p.yaml --input text=a"}) {
    CAPTURE(command);
    const Outcome outcome = tree.shell(command);
    CHECK(outcome.err == "");
    CHECK(outcome.out == kLoud);
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("installation: a program that was replaced or removed while it runs still finds its operators") {
  const Tree tree;
  for (const char* const change : {"rm $TREE/bin/pipit", "cp $TREE/bin/pipit new; mv -f new $TREE/bin/pipit"}) {
    CAPTURE(change);
    fs::copy_file(PIPIT_BUILD_DIR "/bin/pipit", tree.root() + "/tree/bin/pipit", fs::copy_options::overwrite_existing);
    // It waits for the inputs before it opens the pipeline.
    const Outcome outcome =
        tree.shell("rm -f in; mkfifo in; $TREE/bin/pipit run p.yaml --inputs in & p=$!; sleep 0.3; " +
                   std::string(change) + "; echo '{\"text\":\"a\"}' >in; wait $p");
    CHECK(outcome.err == "");
    CHECK(outcome.out == kLoud);
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("installation: nothing below the working directory is an operator") {
  const Tree tree;
  const std::string refused = "no operator 'test/text.words'; searched: '" + tree.operators() + "'\n";
  for (const char* const path : {"", ":", "::"}) {
    const Outcome outcome = tree.shell("export PATH=$TREE/bin:$PATH; pipit inspect test/text.words", path);
    CHECK(outcome.out == "");
    CHECK(outcome.err == refused);
    CHECK(outcome.status == 2);
  }
  CHECK_MESSAGE(tree.shell("$TREE/bin/pipit inspect test/text.words", "lib/pipit/operators").status == 0,
                "but for a folder that the user names");
}

TEST_CASE("installation: no library is taken from the working directory") {
  const Tree tree;
  const Outcome outcome = tree.shell(
      "for l in $(ldd $TREE/bin/pipit | awk '/=>/ {print $1}'); do echo 'not a library' > $l; done; "
      "$TREE/bin/pipit run p.yaml --input text=a");
  CHECK(outcome.err == "");
  CHECK(outcome.out == kLoud);
}

TEST_CASE("installation: no operators at all is an error that names the folders") {
  const Tree tree;
  fs::remove_all(tree.root() + "/tree/lib/pipit/operators/test");
  const Outcome empty = tree.shell("$TREE/bin/pipit operators --operator-path nowhere");
  CHECK(empty.out == "");
  CHECK(empty.err == "no operators found; searched: 'nowhere' (does not exist), '" + tree.operators() + "'\n");
  CHECK(empty.status == 2);
  fs::remove_all(tree.root() + "/tree/lib/pipit");
  const Outcome gone = tree.shell("$TREE/bin/pipit operators");
  CHECK(gone.err == "no operators found; searched: '" + tree.operators() + "' (does not exist)\n");
  CHECK(gone.status == 2);
}
