// How the colours of a frame are spread, and how far two frames are apart in that.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace pipit::video {

/// Eight levels of each of red, green and blue: 512 bins, as the share of the pixels in each. Of a large picture an
/// even grid of at most 256 x 256 pixels is counted, which changes a share by less than the noise of a camera does.
class ColourHistogram {
 public:
  /// `pixels`: RGB, [height, width, 3], row by row, without gaps.
  void count(const std::uint8_t* pixels, std::int64_t height, std::int64_t width) {
    constexpr std::int64_t kGrid = 256;
    const std::int64_t row_step = (height + kGrid - 1) / kGrid;
    const std::int64_t column_step = (width + kGrid - 1) / kGrid;
    std::array<std::uint32_t, kBins> counts{};
    std::uint32_t counted = 0;
    for (std::int64_t y = 0; y < height; y += row_step) {
      const std::uint8_t* row = pixels + y * width * 3;
      for (std::int64_t x = 0; x < width; x += column_step, ++counted) {
        const std::uint8_t* rgb = row + x * 3;
        ++counts[(rgb[0] >> 5) << 6 | (rgb[1] >> 5) << 3 | rgb[2] >> 5];
      }
    }
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      shares_[bin] = static_cast<float>(counts[bin]) / static_cast<float>(counted);
    }
  }

  /// One less the intersection of the two histograms (M. J. Swain, D. H. Ballard, "Color indexing", International
  /// Journal of Computer Vision 7(1), 1991): 0 for the same colours, 1 when no bin is shared.
  float distance(const ColourHistogram& other) const {
    float shared = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) shared += std::min(shares_[bin], other.shares_[bin]);
    return 1 - shared;
  }

 private:
  static constexpr std::size_t kBins = 512;
  std::array<float, kBins> shares_{};
};

}  // namespace pipit::video
