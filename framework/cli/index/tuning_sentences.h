// Sentences that an accelerator is measured with where nobody names others.
#pragma once

#include <string>
#include <vector>

namespace pipit::cli {

/// 200 of them, each of something else.
std::vector<std::string> tuning_sentences();

}  // namespace pipit::cli
