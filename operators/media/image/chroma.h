// The chroma of a still picture at full size.
#pragma once

#include "media/ffmpeg.h"

namespace pipit::image {

/// `frame` with a chroma sample for each pixel, where its format is 8 bit Y'CbCr with chroma of half the width, half
/// the height or both; null where it is anything else. Between two samples lie three parts of the nearer and one of the
/// farther, rounded as libjpeg rounds ("fancy upsampling", jdsample.c), so that a JPEG becomes what Pillow and browsers
/// show; FFmpeg's scaler would repeat samples, as is usual for video.
video::FramePtr with_full_chroma(const AVFrame& frame);

}  // namespace pipit::image
