// How the features of a clip's frames become one vector.
#pragma once

namespace pipit::clip {

/// Each feature normalized before the mean (CLIP4Clip), or the plain mean (MMAction2's SimpleMeanAdapter). The mean
/// itself is normalized either way.
enum class Pooling { kNormalized, kRaw };

}  // namespace pipit::clip
