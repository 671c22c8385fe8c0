#include "clip/picture/frame_slice.h"

#include <doctest/doctest.h>

using pipit::clip::FramePosition;
using pipit::clip::slice_frames;
using Positions = std::vector<std::size_t>;

TEST_CASE("frame slice: few frames are all kept") {
  for (const auto position : {FramePosition::kHead, FramePosition::kTail, FramePosition::kUniform}) {
    CHECK(slice_frames(3, 12, position) == Positions{0, 1, 2});
    CHECK(slice_frames(3, 3, position) == Positions{0, 1, 2});
    CHECK(slice_frames(0, 3, position).empty());
  }
}

TEST_CASE("frame slice: head and tail") {
  CHECK(slice_frames(10, 3, FramePosition::kHead) == Positions{0, 1, 2});
  CHECK(slice_frames(10, 3, FramePosition::kTail) == Positions{7, 8, 9});
}

TEST_CASE("frame slice: uniform is numpy.linspace cut to integers") {
  CHECK(slice_frames(10, 3, FramePosition::kUniform) == Positions{0, 4, 9});
  CHECK(slice_frames(100, 12, FramePosition::kUniform) == Positions{0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99});
  CHECK(slice_frames(50, 12, FramePosition::kUniform) == Positions{0, 4, 8, 13, 17, 22, 26, 31, 35, 40, 44, 49});
  CHECK(slice_frames(50, 1, FramePosition::kUniform) == Positions{0});
}
