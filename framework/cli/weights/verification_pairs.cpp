#include "cli/weights/verification_pairs.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

namespace pipit::cli {
namespace {

using Colour = std::array<double, 3>;

struct Scene {
  const char* colour;
  const char* shape;
  const char* background;
};

// Colours and shapes vary apart from each other, so that neither alone tells the pictures apart.
constexpr Scene kScenes[] = {
    {"red", "circle", "white"},   {"red", "square", "black"},  {"green", "triangle", "white"},
    {"green", "circle", "black"}, {"blue", "square", "white"}, {"blue", "star", "black"},
    {"yellow", "ring", "black"},  {"yellow", "cross", "blue"}, {"purple", "triangle", "white"},
    {"orange", "circle", "blue"}, {"pink", "star", "green"},   {"white", "cross", "black"},
};

constexpr std::int64_t kSide = 224;
constexpr double kRadius = 0.15;  // of the side
constexpr int kSamples = 4;       // a pixel's side, for smooth edges

Colour colour_of(std::string_view name) {
  struct Named {
    std::string_view name;
    Colour colour;
  };
  constexpr Named kColours[] = {{"red", {215, 30, 35}},     {"green", {35, 165, 60}},   {"blue", {35, 70, 220}},
                                {"yellow", {240, 220, 40}}, {"purple", {125, 40, 165}}, {"orange", {245, 135, 25}},
                                {"pink", {250, 130, 180}},  {"white", {245, 245, 245}}, {"black", {18, 18, 20}}};
  for (const Named& known : kColours) {
    if (known.name == name) return known.colour;
  }
  return {};
}

// Whether a point is inside a shape of radius 1 about the origin; y points down.
bool inside(std::string_view shape, double x, double y) {
  const double distance = std::hypot(x, y);
  if (shape == "circle") return distance <= 1;
  if (shape == "ring") return distance <= 1 && distance >= 0.58;
  if (shape == "square") return std::max(std::abs(x), std::abs(y)) <= std::numbers::sqrt2 / 2;
  if (shape == "cross") {
    const double near = std::min(std::abs(x), std::abs(y));
    return near <= 0.32 && std::max(std::abs(x), std::abs(y)) <= 0.98;
  }
  // A polygon of alternating radii, seen from the middle of its nearest side; the first corner is at the top.
  const bool star = shape == "star";
  const int corners = star ? 5 : 3;
  const double sector = 2 * std::numbers::pi / corners;
  const double angle = std::abs(std::remainder(std::atan2(x, -y), sector));  // from the nearest outer corner
  const double outer = star ? 1.05 : 1;
  const double inner = star ? 0.42 : 0.5;  // a triangle's side is half as far away as its corners
  const double px = distance * std::cos(angle);
  const double py = distance * std::sin(angle);
  const double qx = inner * std::cos(sector / 2);
  const double qy = inner * std::sin(sector / 2);
  // On the inner side of the line from the outer corner (outer, 0) to the inner one (qx, qy).
  return (qx - outer) * py - qy * (px - outer) >= 0;
}

Frame draw(const Scene& scene) {
  Tensor pixels = Tensor::empty(DType::kUInt8, {kSide, kSide, 3});
  auto* out = pixels.mutable_data<std::uint8_t>();
  const Colour colour = colour_of(scene.colour);
  const Colour background = colour_of(scene.background);
  const double scale = kRadius * kSide;
  for (std::int64_t row = 0; row < kSide; ++row) {
    for (std::int64_t column = 0; column < kSide; ++column) {
      int covered = 0;
      for (int sample = 0; sample < kSamples * kSamples; ++sample) {
        const int across = sample % kSamples;
        const int down = sample / kSamples;
        const double x = static_cast<double>(column) + (across + 0.5) / kSamples - kSide / 2.0;
        const double y = static_cast<double>(row) + (down + 0.5) / kSamples - kSide / 2.0;
        covered += inside(scene.shape, x / scale, y / scale);
      }
      const double share = static_cast<double>(covered) / (kSamples * kSamples);
      for (std::size_t i = 0; i < 3; ++i) {
        *out++ = static_cast<std::uint8_t>(std::lround(background[i] + share * (colour[i] - background[i])));
      }
    }
  }
  return Frame::make({.key_frame = true}, pixels);
}

}  // namespace

std::vector<VerificationPair> verification_pairs() {
  std::vector<VerificationPair> pairs;
  for (const Scene& scene : kScenes) {
    pairs.push_back(
        {fmt::format("a big {} {} over a {} background", scene.colour, scene.shape, scene.background), draw(scene)});
  }
  return pairs;
}

}  // namespace pipit::cli
