#include "test_operators.h"

PIPIT_OPERATOR("test/text.pair", "1.0.0", "for tests", test::Pair);
