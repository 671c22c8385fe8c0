// The C face of the runtime.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <thread>

#include "pipit/pipit.h"

namespace {

const char* const kUpper = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)";

const char* const kFolders[] = {PIPIT_TEST_OPERATORS, nullptr};

pipit_options options() {
  pipit_options o{};
  o.struct_size = sizeof(o);
  o.operator_path = kFolders;
  return o;
}

/// A pipeline that is freed at the end of the test.
class Opened {
 public:
  explicit Opened(const char* yaml = kUpper, pipit_options o = options()) {
    REQUIRE(pipit_parse(yaml, ".", &o, &pipeline_) == nullptr);
  }
  ~Opened() { pipit_free(pipeline_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  operator pipit_pipeline*() const { return pipeline_; }

 private:
  pipit_pipeline* pipeline_ = nullptr;
};

/// One input, a text; released at the end.
class Text {
 public:
  explicit Text(const std::string& text) {
    REQUIRE(pipit_host_table()->make_string(text.data(), text.size(), &input_.value) == 0);
  }
  ~Text() { pipit_host_table()->release(input_.value); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  operator const pipit_input*() const { return &input_; }

 private:
  pipit_input input_{"text", {}};
};

std::string text_of(pipit_value value) {
  REQUIRE(value.kind == PIPIT_STRING);
  std::size_t size = 0;
  const char* data = pipit_host_table()->string_data(value, &size);
  return {data, size};
}

/// Takes the error.
std::string text_of(pipit_error* error) {
  REQUIRE(error != nullptr);
  std::string text = std::string(pipit_error_code(error)) + ": " + pipit_error_message(error);
  pipit_error_free(error);
  return text;
}

/// Takes the result.
std::string text_of(pipit_result* result) {
  REQUIRE(result != nullptr);
  std::string text = std::to_string(pipit_result_item(result)) + " ";
  if (const pipit_error* error = pipit_result_error(result)) {
    text += std::string(pipit_error_node(error)) + ": " + pipit_error_code(error) + ": " + pipit_error_message(error);
  } else {
    text += text_of(pipit_result_get(result, "loud"));
  }
  pipit_result_free(result);
  return text;
}

}  // namespace

TEST_CASE("host c: one item after the other") {
  const Opened pipeline;
  pipit_result* result = nullptr;
  CHECK(pipit_run(pipeline, Text("a"), 1, &result) == nullptr);
  CHECK(pipit_result_get(result, "quiet").kind == PIPIT_NULL);
  CHECK(text_of(result) == "0 A");
  CHECK(pipit_run(pipeline, Text("bad"), 1, &result) == nullptr);
  CHECK(text_of(result) == "1 up: bad_text: 'bad' is bad");
  CHECK(pipit_run(pipeline, nullptr, 0, &result) == nullptr);
  CHECK(text_of(result) == "2 : invalid_input: input 'text' is missing; the pipeline takes 'text'");
}

TEST_CASE("host c: what cannot be opened is an error with every fault") {
  pipit_pipeline* pipeline = nullptr;
  CHECK(text_of(pipit_open("missing.yaml", nullptr, &pipeline)) ==
        "not_found: cannot open pipeline 'missing.yaml': No such file or directory");
  pipit_options o = options();
  const pipit_setting settings[] = {{"up.times", "-1"}, {"up.suffix", "!"}};
  o.settings = settings;
  o.setting_count = 2;
  CHECK(text_of(pipit_parse(kUpper, ".", &o, &pipeline)) ==
        "invalid_pipeline: pipeline:4: node 'up': times must be at least 0");
  pipit_options unset{};
  CHECK(text_of(pipit_parse(kUpper, ".", &unset, &pipeline)) ==
        "invalid_argument: pipit_options: struct_size is not set");
  o = options();
  o.cancel_opening = [](void*) { return 1; };
  CHECK(text_of(pipit_parse(kUpper, ".", &o, &pipeline)) == "cancelled: opening was cancelled");
  CHECK(pipeline == nullptr);
}

TEST_CASE("host c: futures") {
  const Opened pipeline;
  pipit_future* first = nullptr;
  pipit_future* second = nullptr;
  CHECK(pipit_submit(pipeline, Text("a"), 1, &first) == nullptr);
  CHECK(pipit_submit(pipeline, Text("b"), 1, &second) == nullptr);
  CHECK(pipit_wait(second, -1) == 1);
  CHECK(pipit_wait(second, 0) == 1);
  pipit_future_free(second);
  pipit_result* result = nullptr;
  CHECK(pipit_take(first, &result) == nullptr);
  CHECK(text_of(result) == "0 A");
}

TEST_CASE("host c: a stream keeps its order and its bound") {
  pipit_options o = options();
  o.items_in_flight = 2;
  const Opened pipeline(kUpper, o);
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) {
      pipit_error* error = pipit_push(pipeline, Text("t" + std::to_string(i)), 1);
      if (error != nullptr) return;
    }
    pipit_end(pipeline);
  });
  pipit_result* result = nullptr;
  for (int i = 0; i < 100; ++i) {
    CHECK(pipit_next(pipeline, &result) == nullptr);
    CHECK(text_of(result) == std::to_string(i) + " T" + std::to_string(i));
  }
  CHECK(pipit_next(pipeline, &result) == nullptr);
  CHECK(result == nullptr);
  producer.join();
  CHECK(text_of(pipit_push(pipeline, Text("a"), 1)) ==
        "cancelled: the stream takes no more items: it was ended or cancelled, and a pipeline has one stream; open the "
        "pipeline again for another");
}

TEST_CASE("host c: cancel ends the stream and outlives nothing") {
  const Opened pipeline;
  CHECK(pipit_push(pipeline, Text("a"), 1) == nullptr);
  pipit_cancel(pipeline);
  pipit_result* result = nullptr;
  CHECK(pipit_next(pipeline, &result) == nullptr);
  if (result != nullptr) CHECK(text_of(result) == "0 A");
  CHECK(text_of(pipit_push(pipeline, Text("b"), 1)) ==
        "cancelled: the stream takes no more items: it was ended or cancelled, and a pipeline has one stream; open the "
        "pipeline again for another");
}

TEST_CASE("host c: a retained value lives longer than its result and its pipeline") {
  pipit_value value{};
  {
    const Opened pipeline;
    pipit_result* result = nullptr;
    CHECK(pipit_run(pipeline, Text("a"), 1, &result) == nullptr);
    value = pipit_result_get(result, "loud");
    pipit_host_table()->retain(value);
    pipit_result_free(result);
  }
  CHECK(text_of(value) == "A");
  pipit_host_table()->release(value);
}

TEST_CASE("host c: description and statistics are JSON") {
  const Opened pipeline;
  pipit_value json{};
  CHECK(pipit_describe(pipeline, &json) == nullptr);
  CHECK(text_of(json).starts_with("{\"inputs\":{\"text\":\"string\"},\"nodes\":{\"up\":{\"op\":\"test/text.upper\","));
  pipit_host_table()->release(json);
  CHECK(pipit_stats(pipeline, &json) == nullptr);
  CHECK(text_of(json).starts_with("[{\"name\":\"up\",\"op\":\"test/text.upper\",\"items\":0,"));
  pipit_host_table()->release(json);
}

TEST_CASE("host c: warnings reach the host") {
  pipit_options o = options();
  std::string warnings;
  o.user = &warnings;
  o.on_warning = [](void* user, const char* message) { *static_cast<std::string*>(user) += message; };
  const Opened pipeline(
      "pipit: 1\ninputs: {text: string}\nnodes:\n"
      "  - {name: up, op: test/text.upper, in: text, out: loud}\n"
      "  - {name: left, op: test/text.upper, in: text, out: unread}\noutputs: [loud]\n",
      o);
  CHECK(warnings ==
        "pipeline:5:54: node 'left': nothing reads what it gives\n"
        "      - {name: left, op: test/text.upper, in: text, out: unread}\n"
        "                                                         ^");
}

TEST_CASE("host c: a child after fork is told to open the pipeline itself") {
  const Opened pipeline;
  pipit_future* future = nullptr;
  CHECK(pipit_submit(pipeline, Text("a"), 1, &future) == nullptr);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    pipit_result* result = nullptr;
    std::string said = text_of(pipit_run(pipeline, Text("a"), 1, &result)) + "\n";
    said += text_of(pipit_push(pipeline, Text("a"), 1)) + "\n";
    said += text_of(pipit_next(pipeline, &result)) + "\n";
    pipit_end(pipeline);
    pipit_cancel(pipeline);
    const int done = pipit_wait(future, -1);
    said += std::to_string(done) + " " + text_of(pipit_take(future, &result)) + "\n";
    pipit_free(pipeline);
    _exit(write(ends[1], said.data(), said.size()) < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t got = read(ends[0], said.data(), said.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::string open_there =
      "unavailable: the pipeline was opened before fork() and its threads are not in this process; open it in the "
      "child\n";
  CHECK(said ==
        open_there + open_there + open_there +
            "1 unavailable: the item was submitted before fork() and its result is not in this process; submit it "
            "in the child, to a pipeline that was opened there\n");
  pipit_result* result = nullptr;
  CHECK(pipit_take(future, &result) == nullptr);
  CHECK(text_of(result) == "0 A");
}

TEST_CASE("host c: any time may be waited for") {
  const Opened pipeline;
  for (const double seconds : {-1e300, -0.001, 1e-300, 1e9, 1e300, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(seconds);
    pipit_future* future = nullptr;
    CHECK(pipit_submit(pipeline, Text("a"), 1, &future) == nullptr);
    if (!(seconds > 0 && seconds < 1)) CHECK(pipit_wait(future, seconds) == 1);
    pipit_result* result = nullptr;
    CHECK(pipit_take(future, &result) == nullptr);
    pipit_result_free(result);
  }
}

TEST_CASE("host c: a value that is read as what it is not gives nothing") {
  const pipit_host* host = pipit_host_table();
  pipit_value text{};
  REQUIRE(host->make_string("abc", 3, &text) == 0);
  const pipit_value number{PIPIT_INT, 0, {7}};
  pipit_value key = number;
  pipit_value entry = number;
  std::size_t size = 7;
  for (const pipit_value& value : {text, number, pipit_value{}}) {
    CHECK(host->tensor(value) == nullptr);
    CHECK(host->frame_info(value) == nullptr);
    CHECK(host->list_data(value, &size) == nullptr);
    CHECK(host->bytes_data(value, &size) == nullptr);
    CHECK(size == 0);
    CHECK(host->map_size(value) == 0);
    host->map_entry(value, 0, &key, &entry);
    CHECK(key.kind == PIPIT_NULL);
    CHECK(entry.kind == PIPIT_NULL);
  }
  CHECK(host->string_data(number, &size) == nullptr);
  host->release(text);
}

TEST_CASE("host c: a number of items in flight that makes no sense is refused") {
  pipit_options o = options();
  o.items_in_flight = -1;
  pipit_pipeline* pipeline = nullptr;
  CHECK(text_of(pipit_parse(kUpper, ".", &o, &pipeline)) ==
        "invalid_argument: items_in_flight must be at least 1, found -1");
}
