// pipit weights verify

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/weights/agreement.h"
#include "cli/weights/verification_pairs.h"
#include "cli/weights/weights.h"
#include "pipit/error.h"
#include "pipit/pipeline.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

// Of random weights one in ten thousand passes.
constexpr double kMostChance = 1e-4;

// JSON is YAML.
std::string pipeline_text(const weights::ClipCheckpoint& checkpoint, const po::variables_map& values) {
  // Weights of 8 or 4 bits are computed as such.
  const bool by_file = checkpoint.quantization.has_value() && values["dtype"].defaulted();
  const auto node = [&](const char* name, const char* in, const char* modality) {
    Json args = {{"model_name", "auto"},
                 {"weight_path", std::filesystem::absolute(checkpoint.file.path()).string()},
                 {"modality", modality},
                 {"device", values["device"].as<std::string>()},
                 {"dtype", by_file ? "auto" : values["dtype"].as<std::string>()}};
    if (values.contains("heads")) args["heads"] = values["heads"].as<std::int64_t>();
    if (values.contains("activation")) args["activation"] = values["activation"].as<std::string>();
    if (values.contains("state")) args["state"] = values["state"].as<std::string>();
    if (values.contains("ignore")) args["ignore"] = values["ignore"].as<std::vector<std::string>>();
    return Json{
        {"name", name}, {"op", "video_text_embedding.clip4clip"}, {"in", in}, {"out", modality}, {"args", args}};
  };
  const Json pipeline = {{"pipit", 1},
                         {"inputs", {{"picture", "frame"}, {"sentence", "string"}}},
                         {"nodes", {node("embed_video", "picture", "video"), node("embed_text", "sentence", "text")}},
                         {"outputs", {"video", "text"}}};
  return pipeline.dump(1);
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i) sum += double{a.data<float>()[i]} * b.data<float>()[i];
  return sum;
}

// Sentences down, pictures across.
std::vector<std::vector<double>> similarities(Pipeline& pipeline, const std::vector<VerificationPair>& pairs) {
  std::vector<Tensor> pictures;
  std::vector<Tensor> sentences;
  for (const VerificationPair& pair : pairs) {
    const Result result = pipeline.call({{"picture", pair.picture}, {"sentence", pair.sentence}});
    if (result.error) throw Error(result.error->code, result.error->message);
    pictures.push_back(result.get("video").tensor());
    sentences.push_back(result.get("text").tensor());
  }
  std::vector<std::vector<double>> matrix;
  for (const Tensor& sentence : sentences) {
    std::vector<double>& row = matrix.emplace_back();
    for (const Tensor& picture : pictures) row.push_back(dot(sentence, picture));
  }
  return matrix;
}

void print_matrix(const std::vector<std::vector<double>>& matrix, const std::vector<VerificationPair>& pairs) {
  constexpr std::string_view kCorner = "sentence x picture of it";
  const auto label = [&](std::size_t i) { return fmt::format("[{}] {}", i + 1, pairs[i].sentence); };
  std::size_t width = kCorner.size();
  for (std::size_t i = 0; i < pairs.size(); ++i) width = std::max(width, label(i).size());
  fmt::print("{:<{}}", kCorner, width);
  for (std::size_t i = 0; i < pairs.size(); ++i) fmt::print(" {:>6} ", fmt::format("[{}]", i + 1));
  fmt::print("\n");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    fmt::print("{:<{}}", label(i), width);
    const auto best = std::ranges::max_element(matrix[i]);
    for (auto value = matrix[i].begin(); value != matrix[i].end(); ++value) {
      fmt::print(" {:>6.3f}{}", *value, value == best ? '*' : ' ');
    }
    fmt::print("\n");
  }
}

// Two digits are enough of a share: "8.6 %", "0.001 %".
std::string percent_text(double share) {
  const double percent = 100 * share;
  return percent >= 10 ? fmt::format("{:.0f} %", percent) : fmt::format("{:.2g} %", percent);
}

}  // namespace

int verify_weights(const Arguments& arguments) {
  po::options_description options("options");
  add_checkpoint_options(options);
  options.add_options()("device", po::value<std::string>()->default_value("cpu"), "cpu, cuda or cuda:N");
  options.add_options()("dtype", po::value<std::string>()->default_value("float32"), "what the model computes in");
  options.add_options()("operator-path", po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
                        "search this folder for operators first; may be repeated");
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed =
      parse(arguments, "weights verify FILE [--device NAME] [--dtype NAME] [--json]", options, positional);
  if (parsed.done) return kAllGood;
  const weights::ClipCheckpoint checkpoint = open_checkpoint(parsed.values);
  if (const auto& is = checkpoint.architecture; !is.has_vision || !is.has_text) {
    throw Error("invalid_checkpoint", fmt::format("weight_path '{}' holds a {} tower only; verify compares both",
                                                  checkpoint.file.path().string(), is.has_vision ? "vision" : "text"));
  }
  Options how;
  how.operator_path = operator_folders(parsed.values);
  how.on_warning = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
  Pipeline pipeline = Pipeline::parse(pipeline_text(checkpoint, parsed.values), ".", how);
  const std::vector<VerificationPair> pairs = verification_pairs();
  const auto matrix = similarities(pipeline, pairs);
  const Agreement agreement = measure_agreement(matrix);
  const bool agree = agreement.chance <= kMostChance;
  if (parsed.values["json"].as<bool>()) {
    Json sentences = Json::array();
    for (const VerificationPair& pair : pairs) sentences.push_back(pair.sentence);
    fmt::print("{}\n", Json({{"file", checkpoint.file.path().string()},
                             {"sentences", sentences},
                             {"similarity", matrix},
                             {"sentence_matches", agreement.row_matches},
                             {"picture_matches", agreement.column_matches},
                             {"chance", agreement.chance},
                             {"agree", agree}})
                           .dump(2));
  } else {
    print_matrix(matrix, pairs);
    fmt::print(
        "\nsentences that find their picture: {} of {}; pictures that find their sentence: {} of {}; by chance 1\n",
        agreement.row_matches, pairs.size(), agreement.column_matches, pairs.size());
    fmt::print("of all ways to pair them, {} fit together as well as this one; at most {} may\n",
               percent_text(agreement.chance), percent_text(kMostChance));
    fmt::print("{}\n", agree ? "the two modalities agree"
                             : "the two modalities do not agree: these are not the weights of a trained CLIP");
  }
  return agree ? kAllGood : kSomeFailed;
}

}  // namespace pipit::cli
