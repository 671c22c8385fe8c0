// A chain of trivial operators, a thread each: rows a second through every one of them. Beside it the same chain in
// oneTBB's flow graph and in GStreamer.
#include <benchmark/benchmark.h>
#include <gst/gst.h>
#include <tbb/flow_graph.h>

#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace {

constexpr std::int64_t kRows = 2'000'000;
constexpr std::int64_t kSum = kRows * (kRows - 1) / 2;

void report(benchmark::State& state, std::int64_t rows) {
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows * state.iterations()), benchmark::Counter::kIsRate);
}

/// numbers -> pass × n -> sum. Default queues; types are checked, errors belong to items, times are counted.
void pipit_chain(benchmark::State& state) {
  std::string yaml =
      "pipit: 1\ninputs: {count: int}\nnodes:\n  - {name: numbers, op: bench/chain.numbers, in: count, out: number}\n";
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    yaml += "  - {name: pass" + std::to_string(i) + ", op: bench/chain.pass, in: number, out: number}\n";
  }
  yaml += "  - {name: sum, op: bench/chain.sum, in: number, out: sum}\noutputs: [sum]\n";
  pipit::Options options;
  options.operator_path = {PIPIT_BENCH_OPERATORS};
  pipit::Pipeline pipeline = pipit::Pipeline::parse(yaml, ".", options);
  for (auto _ : state) {
    if (pipeline.call({{"count", kRows}}).get("sum").integer() != kSum) state.SkipWithError("a wrong sum");
  }
  report(state, kRows);
}

/// The same as nodes of a flow graph, with 256 numbers in flight at most as in pipit's queues. One type, known when it
/// is compiled; no error belongs to an item.
void onetbb_chain(benchmark::State& state) {
  namespace flow = tbb::flow;
  flow::graph graph;
  std::int64_t next = kRows;
  std::int64_t sum = 0;
  using Node = flow::function_node<std::int64_t, std::int64_t>;
  flow::input_node<std::int64_t> numbers(graph, [&](tbb::flow_control& control) -> std::int64_t {
    if (next == kRows) control.stop();
    return next == kRows ? 0 : next++;
  });
  flow::limiter_node<std::int64_t> limit(graph, 256);
  std::vector<std::unique_ptr<Node>> links;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    links.push_back(std::make_unique<Node>(graph, flow::serial, [](std::int64_t n) { return n; }));
  }
  flow::function_node<std::int64_t, flow::continue_msg> last(graph, flow::serial, [&](std::int64_t n) {
    sum += n;
    return flow::continue_msg();
  });
  flow::make_edge(numbers, limit);
  flow::make_edge(limit, *links.front());
  for (std::size_t i = 1; i < links.size(); ++i) flow::make_edge(*links[i - 1], *links[i]);
  flow::make_edge(*links.back(), last);
  flow::make_edge(last, limit.decrementer());
  for (auto _ : state) {
    next = 0;
    sum = 0;
    numbers.activate();
    graph.wait_for_all();
    if (sum != kSum) state.SkipWithError("a wrong sum");
  }
  report(state, kRows);
}

/// fakesrc ! (queue ! identity) × n ! queue ! fakesink, empty buffers; queues of 256 as in pipit.
void gstreamer_chain(benchmark::State& state) {
  const std::string queue = " ! queue max-size-buffers=256 max-size-bytes=0 max-size-time=0";
  std::string text = "fakesrc sizetype=empty num-buffers=" + std::to_string(kRows);
  for (std::int64_t i = 0; i < state.range(0); ++i) text += queue + " ! identity silent=true";
  text += queue + " ! fakesink sync=false silent=true";
  for (auto _ : state) {
    state.PauseTiming();
    GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    gst_element_get_state(pipeline, nullptr, nullptr, GST_CLOCK_TIME_NONE);
    GstBus* bus = gst_element_get_bus(pipeline);
    state.ResumeTiming();
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE,
                                                     static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_EOS) state.SkipWithError("GStreamer failed");
    state.PauseTiming();
    gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    state.ResumeTiming();
  }
  report(state, kRows);
}

}  // namespace

BENCHMARK(pipit_chain)->Arg(1)->Arg(3)->Arg(6)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(onetbb_chain)->Arg(1)->Arg(3)->Arg(6)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(gstreamer_chain)->Arg(1)->Arg(3)->Arg(6)->UseRealTime()->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
