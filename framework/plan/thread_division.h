// The budget of threads, divided among the nodes that run threads of their own.
#pragma once

#include <cstdint>

#include "plan/plan.h"

namespace pipit {

/// Fills in PlanNode::threads of these nodes, at least 1 each; `budget` is at least 1. Models are what takes the time,
/// so they get the budget but for a quarter, from four threads up, that decoders and the like share; where all models
/// are on CUDA devices it is the other way round. LibTorch has one setting for the process: nodes on it do not divide
/// it, their replicas do.
void divide_threads(Plan& plan, std::uint32_t budget);

}  // namespace pipit
