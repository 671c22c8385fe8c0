#include "test_operators.h"

PIPIT_OPERATOR("test/text.crowd", "1.0.0", "for tests", test::Crowd);
