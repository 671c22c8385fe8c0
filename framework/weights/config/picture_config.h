// The keys of a config that say how a picture becomes numbers.
#pragma once

#include <cstdint>

#include "pipit/weights/clip_checkpoint.h"
#include "weights/config/config_reader.h"

namespace pipit::weights {

/// OpenCLIP's `preprocess_cfg` (open_clip, transform.py: PreprocessCfg).
PictureRule read_open_clip_picture(ConfigReader config, std::int64_t resolution);

/// Hugging Face's preprocessor_config.json (transformers, CLIPImageProcessor).
PictureRule read_hugging_face_picture(ConfigReader config, std::int64_t resolution);

}  // namespace pipit::weights
