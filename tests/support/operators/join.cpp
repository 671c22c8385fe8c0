#include "test_operators.h"

PIPIT_OPERATOR("test/text.join", "1.0.0", "for tests", test::Join);
