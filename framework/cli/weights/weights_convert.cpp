// pipit weights convert, pipit weights quantize

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/near.h"
#include "cli/output/output_guard.h"
#include "cli/weights/torchscript_writer.h"
#include "cli/weights/weights.h"
#include "cli/work_progress.h"
#include "pipit/weights/conversion.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using weights::Conversion;

/// The weights are not written over, nor a shard of theirs or a config beside them.
void guard(const std::string& file, const std::string& out, bool overwrite) {
  OutputGuard files;
  const std::string what = fmt::format("the weights '{}'", file);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  files.reads_all(file.ends_with(".json") ? folder.string() : file, what);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") {
      files.reads(entry.path().string(), fmt::format("'{}' beside the weights", entry.path().filename().string()));
    }
  }
  files.writes_new("OUT", out, overwrite);
}

Parsed parse_files(const Arguments& arguments, const char* usage, po::options_description& options) {
  add_checkpoint_options(options);
  options.add_options()("out", po::value<std::string>()->required(), "the file to write");
  options.add_options()("overwrite", po::bool_switch(), "replace the file that is there");
  po::positional_options_description positional;
  positional.add("file", 1).add("out", 1);
  Parsed parsed = parse(arguments, usage, options, positional);
  if (!parsed.done)
    guard(parsed.values["file"].as<std::string>(), parsed.values["out"].as<std::string>(),
          parsed.values["overwrite"].as<bool>());
  return parsed;
}

void report(const po::variables_map& values, const weights::ClipCheckpoint& checkpoint, const std::string& conversion) {
  const std::filesystem::path out = values["out"].as<std::string>();
  const std::uintmax_t bytes = std::filesystem::file_size(out);
  if (values["json"].as<bool>()) {
    const nlohmann::ordered_json json = {{"file", out.string()},
                                         {"bytes", bytes},
                                         {"conversion", conversion},
                                         {"architecture", checkpoint.architecture.name}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{}: {}, {}, {}\n", out.string(), checkpoint.architecture.name, conversion, size_text(bytes));
  }
}

/// Where a link leads, so that it stays one.
std::filesystem::path target_of(const po::variables_map& values) {
  return std::filesystem::weakly_canonical(values["out"].as<std::string>());
}

int write(const po::variables_map& values, const Conversion& conversion) {
  const weights::ClipCheckpoint checkpoint = open_checkpoint(values);
  {
    WorkProgress progress;
    write_converted(checkpoint, conversion, target_of(values),
                    [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  }
  report(values, checkpoint, conversion_name(conversion));
  return kAllGood;
}

}  // namespace

int convert_weights(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("dtype", po::value<std::string>()->value_name("fp32|fp16|bf16"),
                        "of the towers' tensors; without it each keeps its own, bit by bit");
  options.add_options()("format", po::value<std::string>()->value_name("safetensors|torchscript"),
                        "torchscript: float32, for Python's torch.jit.load, with encode_text and encode_video");
  const Parsed parsed = parse_files(
      arguments, "weights convert FILE OUT [--dtype fp32|fp16|bf16] [--format safetensors|torchscript]", options);
  if (parsed.done) return kAllGood;
  const std::string format =
      parsed.values.contains("format") ? parsed.values["format"].as<std::string>() : "safetensors";
  if (format == "torchscript") {
    if (parsed.values.contains("dtype")) throw UsageError("--dtype is for safetensors; TorchScript is float32");
    const weights::ClipCheckpoint checkpoint = open_checkpoint(parsed.values);
    {
      WorkProgress progress;
      progress.show(fmt::format("writing '{}' as TorchScript", parsed.values["out"].as<std::string>()));
      write_torchscript(parsed.values["file"].as<std::string>(), weight_state(parsed.values),
                        clip_request(parsed.values), target_of(parsed.values));
    }
    report(parsed.values, checkpoint, "torchscript");
    return kAllGood;
  }
  if (format != "safetensors") {
    throw UsageError(fmt::format("--format takes one of 'safetensors', 'torchscript', found '{}'", format));
  }
  Conversion conversion;
  if (parsed.values.contains("dtype")) {
    const std::string& name = parsed.values["dtype"].as<std::string>();
    const std::map<std::string, weights::DType> dtypes = {
        {"fp32", weights::DType::kFloat32}, {"fp16", weights::DType::kFloat16}, {"bf16", weights::DType::kBFloat16}};
    const auto found = dtypes.find(name);
    if (found == dtypes.end()) {
      throw UsageError(
          fmt::format("--dtype takes one of 'fp32', 'fp16', 'bf16', found '{}'; pipit weights quantize "
                      "makes 8 and 4 bits",
                      name));
    }
    conversion.dtype = found->second;
  }
  return write(parsed.values, conversion);
}

int quantize_weights(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("bits", po::value<int>()->required()->value_name("8|4"),
                        "of the blocks' linear weights; everything else stays as it is");
  const Parsed parsed = parse_files(arguments, "weights quantize FILE OUT --bits 8|4", options);
  if (parsed.done) return kAllGood;
  const int bits = parsed.values["bits"].as<int>();
  if (bits != 8 && bits != 4) throw UsageError(fmt::format("--bits takes 8 or 4, found {}", bits));
  return write(parsed.values, {.quantization = bits == 8 ? weights::kEightBits : weights::kFourBits});
}

}  // namespace pipit::cli
