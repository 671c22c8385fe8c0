// A checkpoint as a TorchScript archive.
#pragma once

#include <filesystem>

#include "clip/api.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

/// Writes what `torch.jit.load` runs without pipit, in float32, and `weight_path` takes back. Its methods, where the
/// checkpoint has the tower:
///   encode_text(tokens)   int64 [n, length], ended by 49407 and padded with 0, to [n, embed_dim]
///   encode_video(frames)  the frames of one clip, float32 [n, 3, resolution, resolution], scaled by CLIP's mean and
///                         deviation, to [embed_dim], the head included
/// Both of length 1. Parameters have ClipCheckpoint's names. `pooling` as in the original (normalized). Throws
/// pipit::Error: `invalid_argument` for a quantised checkpoint, `output_failed` for a file that cannot be written.
PIPIT_CLIP_API void write_torchscript(const weights::ClipCheckpoint& checkpoint, const std::filesystem::path& file);

}  // namespace pipit::clip

/// The same for programs that do not link LibTorch and open this library as they need it. Returns 0, or 1 after `fail`
/// was called with the error. `checkpoint` is a weights::ClipCheckpoint.
extern "C" PIPIT_CLIP_API int pipit_clip_write_torchscript(const void* checkpoint, const char* file, void* user,
                                                           void (*fail)(void* user, const char* code,
                                                                        const char* message));
