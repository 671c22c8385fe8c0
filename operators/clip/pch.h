// Precompiled: these alone take longer than everything else of this folder.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
