// The samplers and image.to_tensor, each alone with made-up frames.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pipit/testing.h"

using pipit::Frame;
using pipit::FrameInfo;
using pipit::Tensor;
using pipit::Value;
using pipit::testing::ItemResult;
using pipit::testing::OperatorRunner;
using pipit::testing::Rows;

namespace {

OperatorRunner runner(const std::string& name, const OperatorRunner::Arguments& arguments = {}) {
  return OperatorRunner(name, arguments, {.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"}});
}

Value frame(const FrameInfo& info) {
  Tensor pixels = Tensor::empty(pipit::DType::kUInt8, {2, 3, 3});
  std::fill_n(pixels.mutable_data<std::uint8_t>(), 18, static_cast<std::uint8_t>(info.index));
  return Frame::make(info, pixels);
}

/// Frames 100 ms apart, every fourth of which is a key frame.
Rows frames(std::int64_t count, std::int64_t expected) {
  Rows rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back({frame({.index = i,
                           .timestamp_ms = static_cast<double>(100 * i),
                           .key_frame = i % 4 == 0,
                           .estimated_frames = expected})});
  }
  return rows;
}

std::vector<std::int64_t> indices(const Rows& rows) {
  std::vector<std::int64_t> all;
  for (const auto& row : rows) all.push_back(row[0].frame().info().index);
  return all;
}

using Indices = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("video_sample: frames are taken evenly as they pass") {
  OperatorRunner uniform = runner("video_sample.uniform_temporal_subsample", {{"num_samples", 3}});
  for (int video = 0; video < 2; ++video) {
    const ItemResult item = uniform.item(frames(9, 9));
    CHECK(indices(item.outputs()) == Indices{0, 4, 8});
    CHECK(indices(item.rows[4].outputs) == Indices{4});
    CHECK(item.warnings.empty());
  }
}

TEST_CASE("video_sample: a video that ends too soon is told of and counted") {
  OperatorRunner uniform = runner("video_sample.uniform_temporal_subsample", {{"num_samples", 3}});
  const ItemResult item = uniform.item(frames(3, 9));
  CHECK(indices(item.outputs()) == Indices{0, 2});
  CHECK(indices(item.end.outputs) == Indices{2});
  CHECK(item.warnings == std::vector<std::string>{"a video gave 2 of 3 samples: its frames ended sooner than their "
                                                  "decoder expected"});
  CHECK(item.counters == std::vector<std::pair<std::string, std::int64_t>>{{"videos_with_fewer_samples", 1}});
  const ItemResult unknown = uniform.item(frames(2, -1));
  REQUIRE(unknown.error() != nullptr);
  CHECK(unknown.error()->code() == "invalid_input");
  CHECK(unknown.error()->what() ==
        std::string("frames do not tell how many there will be, so that none can be chosen"));
}

TEST_CASE("video_sample: the first frame at or after each time is taken") {
  OperatorRunner step = runner("video_sample.time_step", {{"time_step", 0.25}});
  CHECK(indices(step.item(frames(9, 9)).outputs()) == Indices{0, 3, 5, 8});
  step.stop_after(2);
  CHECK(indices(step.item(frames(9, 9)).outputs()) == Indices{0, 3});
}

TEST_CASE("video_sample: key frames are taken") {
  CHECK(indices(runner("video_sample.key_frames").item(frames(9, 9)).outputs()) == Indices{0, 4, 8});
}

TEST_CASE("video_sample: a number of samples below one is refused by the signature") {
  try {
    runner("video_sample.uniform_temporal_subsample", {{"num_samples", 0}});
    FAIL("nothing was thrown");
  } catch (const pipit::Error& e) {
    CHECK(e.what() == std::string("argument 'num_samples' takes an int of at least 1, found 0"));
  }
}

TEST_CASE("to_tensor: the pixels of a frame come without a copy") {
  const Value given = frame({.index = 7});
  const Value pixels = runner("image.to_tensor").item({{given}}).outputs()[0][0];
  CHECK(pixels.tensor().raw_data() == given.frame().pixels().raw_data());
  CHECK(std::ranges::equal(pixels.tensor().shape(), std::vector<std::int64_t>{2, 3, 3}));
  CHECK(pixels.tensor().data<std::uint8_t>()[17] == 7);
}
