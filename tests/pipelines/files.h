// Where the tests' pipelines and clips are.
#pragma once

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace test {

inline const std::string kPipelines = PIPIT_SOURCE_DIR "/pipelines";
inline const std::string kVideoEmbedding = kPipelines + "/video_embedding.yaml";
inline const std::string kTextEmbedding = kPipelines + "/text_embedding.yaml";
inline const std::string kImageEmbedding = kPipelines + "/image_embedding.yaml";
inline const std::string kMoments = kPipelines + "/moments.yaml";
inline const std::string kClipRows = kPipelines + "/clips.yaml";
inline const std::string kImageRows = kPipelines + "/images.yaml";
inline const std::string kVideoText = kPipelines + "/video_text.yaml";
inline const std::string kDemo = kPipelines + "/demo";
inline const std::string kDemoWeights = kDemo + "/clip4clip-shapes.safetensors";
// The shipped pipelines have no weights of their own; every program that is run here takes these.
inline const int kWeightsGiven = ::setenv("PIPIT_WEIGHTS", kDemoWeights.c_str(), 1);
inline const std::string kClips = PIPIT_SOURCE_DIR "/tests/operators/video_decode/data";

/// The lines of a program's output, as JSON.
inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace test
