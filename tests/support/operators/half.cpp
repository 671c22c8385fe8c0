#include "test_operators.h"

PIPIT_OPERATOR("test/text.half", "1.0.0", "for tests", test::Half);
