// What a product's results go through.
#pragma once

namespace pipit::clip {

enum class Then { kNothing, kSilu, kGelu };

}  // namespace pipit::clip
