#include "plan/sampling_pushdown.h"

#include <algorithm>
#include <optional>

namespace pipit {
namespace {

/// The samplers that decoders know, and what their argument is called in both.
struct Sampling {
  std::string_view sampler;      // operator
  std::string_view sample_type;  // of the decoder
  std::string_view argument;     // empty: none
  double least;                  // of the argument; a smaller one is a fault, which the sampler itself tells best
};

constexpr Sampling kSamplings[] = {
    {"video_sample.uniform_temporal_subsample", "uniform_temporal_subsample", "num_samples", 1},
    {"video_sample.time_step", "time_step_sample", "time_step", 0.001},
    {"video_sample.clip4clip_1fps", "clip4clip_1fps", "", 0},
    {"video_sample.key_frames", "key_frames", "", 0},
};

const Sampling* sampling_of(const GraphNode& node) {
  const auto* found = std::ranges::find(kSamplings, node.op.name, &Sampling::sampler);
  return found == std::end(kSamplings) ? nullptr : found;
}

/// A decoder that takes every frame so far and could sample as asked.
bool can_sample(const GraphNode& decoder, const Sampling& sampling) {
  if (!decoder.op.name.starts_with("video_decode.")) return false;
  const Argument* type = decoder.op.signature.find_argument("sample_type");
  if (type == nullptr) return false;
  if (!sampling.argument.empty() && decoder.op.signature.find_argument(sampling.argument) == nullptr) return false;
  const auto& choices = type->type.choices;
  const Value now = decoder.arguments.get("sample_type");
  return std::ranges::find(choices, sampling.sample_type) != choices.end() && now.kind() == Kind::kString &&
         now.string() == "none";
}

bool is_read(const Graph& graph, int column, const GraphNode& except) {
  const auto reads = [&](const std::vector<int>& columns) {
    return std::ranges::find(columns, column) != columns.end();
  };
  if (reads(graph.outputs)) return true;
  return std::ranges::any_of(
      graph.nodes, [&](const GraphNode& node) { return &node != &except && (reads(node.inputs) || reads(node.keep)); });
}

Value with_sampling(const Value& arguments, const Sampling& sampling, const Value& amount) {
  std::vector<std::pair<std::string, Value>> entries;
  for (std::size_t i = 0; i < arguments.map_size(); ++i) {
    auto [name, value] = arguments.map_at(i);
    if (name == "sample_type") value = sampling.sample_type;
    if (name == sampling.argument) value = amount;
    entries.emplace_back(name, std::move(value));
  }
  return Value::map(std::move(entries));
}

/// The node that the sampler's frames come from, if the sampler can move into it.
std::optional<std::size_t> decoder_of(const Graph& graph, const GraphNode& sampler, const Sampling& sampling) {
  if (!sampling.argument.empty()) {
    // Null: `check` does not know it.
    const Value amount = sampler.arguments.get(sampling.argument);
    if (amount.is_null() || amount.number() < sampling.least) return std::nullopt;
  }
  const int frames = sampler.inputs[0];
  const int producer = graph.columns[static_cast<std::size_t>(frames)].producer;
  if (producer < 0) return std::nullopt;
  const GraphNode& decoder = graph.nodes[static_cast<std::size_t>(producer)];
  if (!can_sample(decoder, sampling) || decoder.outputs.size() != 1 || is_read(graph, frames, sampler))
    return std::nullopt;
  return static_cast<std::size_t>(producer);
}

void remove_node(Graph& graph, std::size_t at) {
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  graph.spec.nodes.erase(graph.spec.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  for (Column& column : graph.columns) {
    if (column.producer > static_cast<int>(at)) --column.producer;
  }
}

}  // namespace

std::vector<PushedDown> push_samplers_down(Graph& graph) {
  std::vector<PushedDown> moved;
  for (std::size_t i = 0; i < graph.nodes.size();) {
    const GraphNode& sampler = graph.nodes[i];
    const Sampling* sampling = sampling_of(sampler);
    const auto decoder = sampling ? decoder_of(graph, sampler, *sampling) : std::nullopt;
    if (!decoder) {
      ++i;
      continue;
    }
    GraphNode& into = graph.nodes[*decoder];
    into.arguments = with_sampling(into.arguments, *sampling, sampler.arguments.get(sampling->argument));
    into.outputs = sampler.outputs;
    into.domain_out = sampler.domain_out;
    graph.columns[static_cast<std::size_t>(sampler.outputs[0])].producer = static_cast<int>(*decoder);
    moved.push_back({graph.spec.nodes[i].name, graph.spec.nodes[*decoder].name});
    remove_node(graph, i);
  }
  return moved;
}

}  // namespace pipit
