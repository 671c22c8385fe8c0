#include "test_operators.h"

PIPIT_OPERATOR("test/text.content", "1.0.0", "for tests", test::Content);
