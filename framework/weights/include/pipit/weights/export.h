// What libpipit_weights.so shows to others.
#pragma once

#define PIPIT_WEIGHTS_EXPORT __attribute__((visibility("default")))
