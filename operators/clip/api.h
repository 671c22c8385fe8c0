// What libpipit_clip.so exports.
#pragma once

#define PIPIT_CLIP_API __attribute__((visibility("default")))
