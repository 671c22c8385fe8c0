#include "test_operators.h"

PIPIT_OPERATOR("test/text.upper", "1.0.0", "for tests", test::Upper);
