// pipit weights

#include "cli/weights/weights.h"

#include <fmt/format.h>

#include "pipit/error.h"
#include "pipit/weights/conversion_cache.h"
#include "pipit/weights/load_clip.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    R"(usage: pipit weights COMMAND …

  inspect FILE                what a weight file is, what it takes, and how to use it
  verify FILE                 whether pictures and sentences that any CLIP tells apart meet in its space
  convert FILE OUT            to safetensors in another dtype, or to TorchScript
  quantize FILE OUT --bits 8  to safetensors with linear weights in 8 or 4 bits
  cache [--clear]             the converted weights that are kept for the next run

pipit weights COMMAND --help tells a command's options.
)";

}  // namespace

int weights(const Arguments& arguments) {
  constexpr Command kCommands[] = {{"inspect", inspect_weights},
                                   {"verify", verify_weights},
                                   {"convert", convert_weights},
                                   {"quantize", quantize_weights},
                                   {"cache", weights_cache}};
  return dispatch("pipit weights", kUsage, kCommands, arguments);
}

void add_checkpoint_options(po::options_description& options) {
  options.add_options()("file", po::value<std::string>()->required(), "the weight file, or a model folder");
  options.add_options()("heads", po::value<std::int64_t>()->value_name("N"),
                        "attention heads, where they are not width/64 and no config tells");
  options.add_options()("activation", po::value<std::string>()->value_name("quick_gelu|gelu"), "where no config tells");
  options.add_options()("ignore", po::value<std::vector<std::string>>()->composing()->value_name("PATTERN"),
                        "tensors that may be there beside the model's; may be repeated");
  options.add_options()("state", po::value<std::string>()->value_name("model|ema"),
                        "ema: the averaged weights that a training checkpoint has beside the model's");
  options.add_options()("json", po::bool_switch(), "print JSON");
}

weights::WeightState weight_state(const po::variables_map& values) {
  if (!values.contains("state")) return weights::WeightState::kModel;
  const std::string& name = values["state"].as<std::string>();
  if (name != "model" && name != "ema") {
    throw UsageError(fmt::format("--state takes one of 'model', 'ema', found '{}'", name));
  }
  return name == "ema" ? weights::WeightState::kAveraged : weights::WeightState::kModel;
}

weights::Checkpoint open_file(const po::variables_map& values) {
  weights::OpenOptions options;
  options.state = weight_state(values);
  return weights::Checkpoint::open(values["file"].as<std::string>(), options);
}

weights::ClipRequest clip_request(const po::variables_map& values) {
  weights::ClipRequest request;
  if (values.contains("heads")) request.heads = values["heads"].as<std::int64_t>();
  if (values.contains("activation")) {
    const std::string& name = values["activation"].as<std::string>();
    if (name != "gelu" && name != "quick_gelu") {
      throw UsageError(fmt::format("--activation takes one of 'quick_gelu', 'gelu', found '{}'", name));
    }
    request.activation = name == "gelu" ? weights::Activation::kGelu : weights::Activation::kQuickGelu;
  }
  if (values.contains("ignore")) request.ignore = values["ignore"].as<std::vector<std::string>>();
  return request;
}

weights::ClipCheckpoint open_checkpoint(const po::variables_map& values) {
  return weights::resolve_whole_clip(open_file(values), clip_request(values));
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace pipit::cli
