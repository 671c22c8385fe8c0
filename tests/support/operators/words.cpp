#include "test_operators.h"

PIPIT_OPERATOR("test/text.words", "1.0.0", "for tests", test::Words);
