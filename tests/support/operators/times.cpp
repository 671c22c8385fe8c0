#include "test_operators.h"

PIPIT_OPERATOR("test/text.times", "1.0.0", "for tests", test::Times);
