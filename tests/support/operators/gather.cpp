#include "test_operators.h"

PIPIT_OPERATOR("test/text.gather", "1.0.0", "for tests", test::Gather);
