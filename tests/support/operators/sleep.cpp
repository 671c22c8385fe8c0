#include "test_operators.h"

PIPIT_OPERATOR("test/text.sleep", "1.0.0", "for tests", test::Sleep);
