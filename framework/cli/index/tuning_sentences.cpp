#include "cli/index/tuning_sentences.h"

#include <fmt/format.h>

#include <array>

namespace pipit::cli {
namespace {

constexpr std::array kWho = {"a man",
                             "two women",
                             "a child",
                             "an old couple",
                             "a brown dog",
                             "a grey cat",
                             "a flock of birds",
                             "a red car",
                             "a city bus",
                             "a small boat",
                             "a freight train",
                             "a cyclist",
                             "a cook",
                             "a band of musicians",
                             "a crowd",
                             "a football team",
                             "a horse",
                             "a fish",
                             "a robot",
                             "a teacher"};

constexpr std::array kWhat = {"moving slowly",      "coming closer",     "at rest",  "seen from above",
                              "in bright sunlight", "in the rain",       "at night", "behind a window",
                              "near the water",     "between tall trees"};

}  // namespace

std::vector<std::string> tuning_sentences() {
  std::vector<std::string> sentences;
  for (const char* who : kWho) {
    for (const char* what : kWhat) sentences.push_back(fmt::format("{} {}", who, what));
  }
  return sentences;
}

}  // namespace pipit::cli
