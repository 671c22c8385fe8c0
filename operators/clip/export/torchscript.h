// A checkpoint as a TorchScript archive.
#pragma once

#include <filesystem>

#include "clip/api.h"
#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/torchscript.h"

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

/// Reads weights and does the same with them, for programs that do not link LibTorch and open this library as they need
/// it: a pipit_torchscript_function. Nothing but plain data crosses, since the two may have been built apart.
extern "C" PIPIT_CLIP_API int pipit_clip_write_torchscript(const pipit_torchscript_request* request, void* user,
                                                           void (*fail)(void* user, const char* code,
                                                                        const char* message));
