// What libpipit_video.so exports.
#pragma once

#define PIPIT_VIDEO_API __attribute__((visibility("default")))
