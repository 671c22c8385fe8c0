#include "test_operators.h"

PIPIT_OPERATOR("test/text.count", "1.0.0", "for tests", test::Count);
