#include "test_operators.h"

PIPIT_OPERATOR("test/text.chatter", "1.0.0", "for tests", test::Chatter);
