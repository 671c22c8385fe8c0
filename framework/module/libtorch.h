// The LibTorch that modules of this runtime find: one for the process.
#pragma once

namespace pipit {

/// The version that this runtime was built with, empty when it has none.
const char* runtime_libtorch();

/// Opens its libraries, so that a module finds them loaded and no second copy comes in. Throws pipit::Error
/// (`unavailable`).
void open_libtorch();

/// Opens LibTorch's CUDA half, before anything asks LibTorch whether there is CUDA (it remembers the answer).
/// Throws pipit::Error (`unavailable`).
void open_libtorch_cuda();

}  // namespace pipit
